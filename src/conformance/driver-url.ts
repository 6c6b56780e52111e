/** The URL of a module in `drivers/`, as both kernels load it. Bundled, this module is at the top of the package, and `drivers/` beside it. */
export function driverUrl(name: string): string {
  return new URL(`./drivers/${name}.js`, import.meta.url).href
}
