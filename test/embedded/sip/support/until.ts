/** Waits until something is so; the caller's test ends with a clear error when it never is. */
export async function until(what: string, so: () => boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms
  while (!so()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
