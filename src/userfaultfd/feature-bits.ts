import { showValue } from '../vocabulary/options/show-value.js'
import { UFFD_FEATURE, type UffdFeature } from '../vocabulary/uffd-feature.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** The mask of features, which are given by name, or as bits for those without a name in this version. */
export function featureBits(features: readonly (UffdFeature | bigint)[]): bigint {
  return features.reduce<bigint>((bits, feature) => bits | bitOf(feature), 0n)
}

function bitOf(feature: UffdFeature | bigint): bigint {
  if (typeof feature === 'bigint') return feature
  if (!isFeature(feature)) {
    const names = Object.keys(UFFD_FEATURE).map((name) => name.toLowerCase())
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `${showValue(feature)} is no feature of userfaultfd; they are ${names.join(', ')}, or a bigint of bits`,
    )
  }
  return UFFD_FEATURE[feature.toUpperCase() as keyof typeof UFFD_FEATURE]
}

function isFeature(value: unknown): value is UffdFeature {
  return typeof value === 'string' && value === value.toLowerCase() && Object.hasOwn(UFFD_FEATURE, value.toUpperCase())
}
