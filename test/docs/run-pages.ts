/** The pages whose ```ts blocks are whole programs: test/docs/docs.test.ts runs them. */
export const runPages: readonly string[] = [
  'README.md',
  'docs/start.md',
  'docs/concepts.md',
  'docs/recipes.md',
  'docs/mapping.md',
  'docs/drivers.md',
  'docs/seeing.md',
  'docs/model.md',
  'docs/stores.md',
  'docs/swap.md',
]
