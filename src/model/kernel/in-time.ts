/** Settles as `promise` does, or rejects with `error` after `limit` milliseconds; `promise` itself is not affected. */
export async function inTime<T>(
  promise: Promise<T>,
  { limit, error }: { readonly limit: number; readonly error: Error },
): Promise<T> {
  if (limit === Infinity) return promise
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error), limit)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
