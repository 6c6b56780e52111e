/** The URL of a module in `../drivers/`, as both kernels load it. */
export function driverUrl(name: string): string {
  return new URL(`../drivers/${name}.js`, import.meta.url).href
}
