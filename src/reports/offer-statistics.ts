import { StatisticsOffer } from './statistics-offer.js'

/**
 * Offers the statistics of this program's devices, swaps and guests to `vmarea view`, over a Unix socket that only this user and root may
 * use. A view of this process finds the socket by itself.
 *
 * @throws the error of mkdtemp(3), bind(2) or listen(2)
 *
 * @example
 * await using offer = await offerStatistics()
 * offer.add('objects', device)
 * offer.add('heap', swap)
 */
export function offerStatistics(): Promise<StatisticsOffer> {
  return StatisticsOffer.open()
}
