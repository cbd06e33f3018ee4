/** What the package registry knows of the packages that run in production. */
export interface Verdict {
  readonly state: 'clean' | 'weak' | 'skipped'
  readonly sentence: string
}
export function verdictOf(text: string): Verdict
export function audit(): Promise<Verdict>
