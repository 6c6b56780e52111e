/** What `promise` comes to, unless it takes longer than `limit` milliseconds: rejects with `error` then, and leaves the promise alone. */
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
