import { send } from '../../api.js'
import { named, t } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { openConfirm } from '../../parts/confirm.js'
import { closeDialog } from '../../parts/dialog.js'
import { checkField, formValues, selectField, textField } from '../../parts/fields.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { showSecret } from '../../parts/secret.js'
import { formError } from '../../parts/states.js'
import { refresh } from '../../refresh.js'
import { may } from '../../session.js'
import { dateTime } from '../../times.js'
import { failureText } from './dead.js'

/** @import { Gate, TestSent, Webhook } from '../../types.js' */

/** What can be told, in the order in which it happens. */
export const eventTypes = /** @type {const} */ (['delivery.created', 'call.started', 'call.answered', 'call.ended', 'call.missed', 'delivery.closed', 'cap.near', 'cap.reached'])
/** What a shop begins with that has no address yet. */
const usual = { url: '', events: ['call.ended', 'call.missed'], gate: null }
/** @type {Gate} */
const usualGate = { url: '', timeoutMs: 500, onFailure: 'allow' }
const urlPattern = 'https?://\\S+'

/**
 * Where events go, which ones, and who is asked before a call.
 * @param {() => void} done @returns {(hook: Webhook | undefined) => unknown}
 */
export function addressPanel(done) {
  const form = newForm()
  /** As chosen here; undefined: as it is set. @type {boolean | undefined} */
  let gated
  const save = (/** @type {SubmitEvent} */ event) => {
    const wanted = wantedOf(event)
    void attempt(form, () => send('PUT', 'webhooks', wanted), (/** @type {Webhook} */ saved) => {
      gated = undefined
      if (saved.secret === undefined) announce(t('hooks.saved'))
      else showSecret({ title: t('hooks.secret'), secret: saved.secret, closed: () => announce(t('hooks.saved')) })
      done()
    })
  }
  const ask = (/** @type {boolean} */ checked) => {
    gated = checked
    refresh()
  }
  const tester = testPanel()
  return (hook) => html`
    <section aria-labelledby="address">
      <div class="section-head"><h2 id="address">${t('hooks.address')}</h2>
        ${hook !== undefined && may('admin') ? html`<div class="page-actions">${tester.button()}${otherButtons(done)}</div>` : nothing}</div>
      ${tester.outcome()}
      <form class="settings" @submit=${save}>
        <fieldset ?disabled=${!may('admin')}>
          <legend class="unseen">${t('hooks.address')}</legend>
          ${fields(hook ?? usual, gated ?? (hook?.gate ?? null) !== null, ask)}
        </fieldset>
        ${formError(form.error)}
        ${may('admin') ? html`<button type="submit" class="button button-main" ?disabled=${form.busy}>${form.busy ? t('state.working') : t('action.save')}</button>` : html`<p class="note">${t('hooks.readOnly')}</p>`}
      </form>
    </section>`
}

/** @param {Pick<Webhook, 'url' | 'events' | 'gate'>} hook @param {boolean} gated @param {(checked: boolean) => void} ask */
function fields({ url, events, gate }, gated, ask) {
  const { url: gateUrl, timeoutMs, onFailure } = gate ?? usualGate
  return html`
    ${textField({ name: 'url', label: t('hooks.url'), hint: may('admin') ? t('hooks.urlHint') : t('hooks.urlHost'), type: 'url', pattern: urlPattern, required: true, maxlength: 480, value: url })}
    <fieldset class="choice choice-two"><legend>${t('hooks.events')}</legend>${eventTypes.map((type) => html`
      <label class="choice-item"><input type="checkbox" name="event" value=${type} .checked=${events.includes(type)}><span>${named('event', type)}<small><code>${type}</code></small></span></label>`)}</fieldset>
    <h2>${t('hooks.gate')}</h2>
    ${checkField({ name: 'gated', label: t('hooks.gateOn'), hint: t('hooks.gateHint'), checked: gated, change: ask })}
    ${gated ? html`
      ${textField({ name: 'gateUrl', label: t('hooks.gateUrl'), type: 'url', pattern: urlPattern, required: true, maxlength: 480, value: gateUrl })}
      ${textField({ name: 'timeoutMs', label: t('hooks.gateTimeout'), hint: t('hooks.gateTimeoutHint'), type: 'number', min: 100, max: 2000, step: 1, required: true, value: timeoutMs })}
      ${selectField({ name: 'onFailure', label: t('hooks.gateFailure'), value: onFailure, options: ['allow', 'deny'].map((name) => [name, named('gateFailure', name)]) })}` : nothing}`
}

/** @param {SubmitEvent} event */
function wantedOf(event) {
  const events = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).getAll('event')
  const { url = '', gated, gateUrl, timeoutMs, onFailure } = formValues(event)
  return { url: url.trim(), events, gate: gated === undefined ? null : { url: gateUrl?.trim(), timeoutMs: Number(timeoutMs), onFailure } }
}

/** One event sent now, and what has become of it. @returns {{ button: () => unknown, outcome: () => unknown }} */
function testPanel() {
  const form = newForm()
  /** @type {TestSent | undefined} */
  let sent
  const test = () => {
    sent = undefined
    void attempt(form, () => send('POST', 'webhooks/test'), (/** @type {TestSent} */ answer) => { sent = answer })
  }
  return {
    button: () => html`<button type="button" class="button" ?disabled=${form.busy} @click=${test}>${form.busy ? t('state.working') : t('hooks.test')}</button>`,
    outcome: () => html`<div class="tested" aria-live="polite">${formError(form.error)}${sent === undefined ? nothing : sent.delivered
      ? html`<p class="note note-good">${t('hooks.tested', { status: sent.status ?? '' })}</p>`
      : html`<p class="note note-bad">${t('hooks.notTested')} ${failureText(sent)}</p>`}</div>`
  }
}

/** @param {() => void} done */
const otherButtons = (done) => html`
  <button type="button" class="button" @click=${() => openRotate(done)}>${t('hooks.rotate')}</button>
  <button type="button" class="button" @click=${() => openRemove(done)}>${t('hooks.remove')}</button>`

/** @param {() => void} done */
function openRotate(done) {
  openConfirm({
    title: t('hooks.rotate'), text: t('hooks.rotateText'), label: t('hooks.rotate'),
    act: () => send('POST', 'webhooks/secret'),
    then: (/** @type {{ secret: string, formerUntil: string }} */ { secret, formerUntil }) =>
      showSecret({ title: t('hooks.secret'), secret, more: t('hooks.secretUntil', { until: dateTime(formerUntil) }), closed: done })
  })
}

/** @param {() => void} done */
function openRemove(done) {
  openConfirm({
    title: t('hooks.remove'), text: t('hooks.removeText'), label: t('hooks.remove'), danger: true,
    act: () => send('DELETE', 'webhooks'),
    then: () => {
      closeDialog()
      announce(t('hooks.removed'))
      done()
    }
  })
}
