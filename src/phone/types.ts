/** A phone number in E.164 form with the leading plus, such as `+46701740605` (ITU-T E.164 §6). */
export type E164 = string & { readonly __brand: 'E164' }

/** ISO 3166-1 alpha-2, upper case. */
export type Country = string & { readonly __brand: 'Country' }
