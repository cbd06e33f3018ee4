import { html, live, nothing } from '../lit.js'

/**
 * Fields of forms. One with `input` or `change` shows what its page says; one without keeps what was typed,
 * however often the page is drawn, until the form is sent.
 */

/**
 * @typedef {object} Field
 * @property {string} name also its id
 * @property {string} label
 * @property {string} [hint]
 * @property {boolean} [required]
 */

/** @param {Field} field @param {unknown} control */
function framed({ name, label, hint, required = false }, control) {
  return html`
    <div class="field">
      <label for=${name}>${label}${required ? html`<span class="required" aria-hidden="true"> *</span>` : nothing}</label>
      ${control}
      ${hint === undefined ? nothing : html`<p class="hint" id="${name}-hint">${hint}</p>`}
    </div>`
}

/** @param {Field} field */
const describedBy = ({ name, hint }) => hint === undefined ? nothing : `${name}-hint`

/**
 * @typedef {object} TextOptions
 * @property {string} [type]
 * @property {string | number} [value]
 * @property {string} [autocomplete]
 * @property {string} [inputmode]
 * @property {string} [pattern]
 * @property {number} [maxlength]
 * @property {string | number} [min]
 * @property {string | number} [max]
 * @property {string | number} [step]
 * @property {(value: string) => void} [input]
 */

/** @param {Field & TextOptions} field */
export function textField(field) {
  const { name, type = 'text', value = '', required = false, autocomplete = 'off', inputmode, pattern, maxlength, min, max, step, input } = field
  return framed(field, html`<input class="input" id=${name} name=${name} type=${type} .value=${input === undefined ? String(value) : live(String(value))} ?required=${required}
    autocomplete=${/** @type {'off'} */ (autocomplete)} autocapitalize="off" spellcheck="false" inputmode=${/** @type {'text'} */ (inputmode) ?? nothing} pattern=${pattern ?? nothing}
    maxlength=${maxlength ?? nothing} min=${min ?? nothing} max=${max ?? nothing} step=${step ?? nothing} aria-describedby=${describedBy(field)}
    @input=${(/** @type {Event} */ event) => input?.(/** @type {HTMLInputElement} */ (event.target).value)}>`)
}

/**
 * A field that keeps what is typed to itself: nothing is drawn back into it.
 * @param {Field & Pick<TextOptions, 'type' | 'inputmode' | 'pattern' | 'maxlength' | 'autocomplete'>} field
 */
export function secretField(field) {
  const { name, type = 'text', required = false, autocomplete = 'off', inputmode, pattern, maxlength } = field
  return framed(field, html`<input class="input" id=${name} name=${name} type=${type} ?required=${required} autocomplete=${/** @type {'off'} */ (autocomplete)}
    autocapitalize="off" spellcheck="false" inputmode=${/** @type {'text'} */ (inputmode) ?? nothing} pattern=${pattern ?? nothing} maxlength=${maxlength ?? nothing} aria-describedby=${describedBy(field)}>`)
}

/** @param {Field & { value?: string, maxlength?: number, rows?: number, input?: (value: string) => void }} field */
export function areaField(field) {
  const { name, value = '', required = false, maxlength, rows = 3, input } = field
  return framed(field, html`<textarea class="input" id=${name} name=${name} rows=${rows} .value=${input === undefined ? value : live(value)} ?required=${required} maxlength=${maxlength ?? nothing}
    aria-describedby=${describedBy(field)} @input=${(/** @type {Event} */ event) => input?.(/** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>`)
}

/** @param {Field & { value: string, options: readonly (readonly [string, string])[], change?: (value: string) => void }} field */
export function selectField(field) {
  const { name, value, options, change } = field
  return framed(field, html`<select class="input" id=${name} name=${name} .value=${change === undefined ? value : live(value)} aria-describedby=${describedBy(field)}
    @change=${(/** @type {Event} */ event) => change?.(/** @type {HTMLSelectElement} */ (event.target).value)}>
    ${options.map(([key, text]) => html`<option value=${key} ?selected=${key === value}>${text}</option>`)}
  </select>`)
}

/** @param {Field & { checked: boolean, change?: (checked: boolean) => void }} field */
export function checkField({ name, label, hint, checked, change }) {
  return html`
    <div class="field field-check">
      <input type="checkbox" id=${name} name=${name} .checked=${change === undefined ? checked : live(checked)} aria-describedby=${hint === undefined ? nothing : `${name}-hint`}
        @change=${(/** @type {Event} */ event) => change?.(/** @type {HTMLInputElement} */ (event.target).checked)}>
      <label for=${name}>${label}</label>
      ${hint === undefined ? nothing : html`<p class="hint" id="${name}-hint">${hint}</p>`}
    </div>`
}

/** One of a few, all seen at once. @param {{ name: string, label: string, value: string, options: readonly (readonly [string, string])[], change: (value: string) => void }} choice */
export function choice({ name, label, value, options, change }) {
  return html`
    <fieldset class="choice">
      <legend>${label}</legend>
      ${options.map(([key, text]) => html`
        <label class="choice-item"><input type="radio" name=${name} value=${key} .checked=${live(key === value)} @change=${() => change(key)}><span>${text}</span></label>`)}
    </fieldset>`
}

/** What a form holds, as texts. @param {Event} event @returns {Record<string, string>} */
export function formValues(event) {
  event.preventDefault()
  const form = /** @type {HTMLFormElement} */ (event.currentTarget)
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, typeof value === 'string' ? value : '']))
}
