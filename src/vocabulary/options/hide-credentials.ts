/** An address as a message shows it: without the user name and password that it may contain. */
export function hideCredentials(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//…@')
}
