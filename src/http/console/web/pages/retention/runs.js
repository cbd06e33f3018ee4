import { send } from '../../api.js'
import { named, t, whole } from '../../i18n.js'
import { html, nothing } from '../../lit.js'
import { closeDialog, dialogFoot, openDialog } from '../../parts/dialog.js'
import { download } from '../../parts/download.js'
import { areaField, checkField, formValues } from '../../parts/fields.js'
import { attempt, newForm } from '../../parts/form.js'
import { announce } from '../../parts/notice.js'
import { badge, empty, formError, timeOf } from '../../parts/states.js'
import { proofOf } from '../../proof.js'
import { refresh } from '../../refresh.js'
import { away, dateTime, dateTimeExact, duration } from '../../times.js'
import { sign } from './health.js'
import { classTitle } from './words.js'

/** @import { ClassOutcome, RetentionHealth, RetentionRun, RetentionRuns } from '../../types.js' */

/** What the browser found about a run's signature. @type {WeakMap<RetentionRun, import('../../proof.js').Proof>} */
const proofs = new WeakMap()
const rowsShown = 8

/** The last deletion runs: a strip to see at a glance, a table to read. @param {RetentionRuns} answer */
export function runList({ publicKey, runs }) {
  if (runs.length === 0) return empty(t('runs.none'), t('runs.noneText'))
  for (const run of runs) check(publicKey, run)
  return html`
    <ol class="strip" aria-hidden="true">${[...runs].reverse().map((run) => html`<li class="strip-${run.state}" title="${dateTime(run.startedAt)}: ${named('runState', run.state)}"></li>`)}</ol>
    <div class="table-box" tabindex="0" role="group" aria-label=${t('runs.title')}>
      <table>
        <thead><tr><th scope="col">${t('runs.state')}</th><th scope="col">${t('runs.when')}</th><th scope="col" class="num">${t('runs.due')}</th><th scope="col" class="num">${t('runs.deleted')}</th>
          <th scope="col" class="num">${t('runs.held')}</th><th scope="col" class="num">${t('runs.failed')}</th><th scope="col">${t('runs.oldest')}</th><th scope="col">${t('runs.signature')}</th><th scope="col"><span class="unseen">${t('runs.details')}</span></th></tr></thead>
        <tbody>${runs.slice(0, rowsShown).map((run) => row(publicKey, run))}</tbody>
      </table>
    </div>`
}

/** @param {string} publicKey @param {RetentionRun} run */
function row(publicKey, run) {
  const sum = (/** @type {'due' | 'deleted' | 'held' | 'failed'} */ what) => run.classes.reduce((total, one) => total + one[what], 0)
  const oldest = run.classes.filter(({ name }) => name !== 'audit').flatMap(({ oldestLeft }) => oldestLeft === undefined ? [] : [new Date(oldestLeft).getTime()])
  return html`
    <tr>
      <td class="with-sign">${sign(run.state === 'done')} ${named('runState', run.state)}</td>
      <td>${timeOf(run.startedAt, dateTime, dateTimeExact)}</td>
      <td class="num">${whole(sum('due'))}</td><td class="num">${whole(sum('deleted'))}</td><td class="num">${whole(sum('held'))}</td><td class="num">${whole(sum('failed'))}</td>
      <td>${timeOf(oldest.length === 0 ? undefined : Math.min(...oldest), away, dateTime)}</td>
      <td>${proofBadge(run)}</td>
      <td><button type="button" class="button button-small" @click=${() => openDetails(publicKey, run)} aria-label="${t('runs.details')}: ${t('runs.detailsOf', { when: dateTime(run.startedAt) })}">${t('runs.details')}</button></td>
    </tr>`
}

/** @param {RetentionRun} run */
function proofBadge(run) {
  const proof = proofs.get(run)
  if (proof === undefined) return html`<span class="none waiting">…</span>`
  return badge(proof === 'right' ? 'good' : proof === 'wrong' ? 'bad' : 'calm', named('signed', proof))
}

/** @param {string} publicKey @param {RetentionRun} run */
function check(publicKey, run) {
  if (checking.has(run)) return
  checking.add(run)
  void proofOf(publicKey, signedPart(run), run.signature).then((proof) => {
    proofs.set(run, proof)
    refresh()
  })
}

/** @type {WeakSet<RetentionRun>} */
const checking = new WeakSet()

/** What the signature is over: the run without it. @param {RetentionRun} run */
function signedPart(run) {
  const { signature: _signature, ...rest } = run
  return rest
}

/** @param {string} publicKey @param {RetentionRun} run */
function openDetails(publicKey, run) {
  openDialog({
    title: t('runs.detailsOf', { when: dateTime(run.startedAt) }),
    view: () => html`
      <dl class="facts">
        <div><dt>${t('runs.state')}</dt><dd class="with-sign">${sign(run.state === 'done')} ${named('runState', run.state)}</dd></div>
        <div><dt>${t('runs.took')}</dt><dd>${duration(Math.ceil((new Date(run.endedAt).getTime() - new Date(run.startedAt).getTime()) / 1000))}</dd></div>
        <div><dt>${t('runs.cause')}</dt><dd>${named('cause', run.cause)}</dd></div>
        <div><dt>${t('runs.signature')}</dt><dd>${proofBadge(run)}</dd></div>
        <div><dt>${t('runs.publicKey')}</dt><dd><code class="wrap">${publicKey}</code></dd></div>
      </dl>
      <div class="table-box" tabindex="0" role="group" aria-label=${t('runs.byClass')}>
        <table>
          <thead><tr><th scope="col">${t('compare.class')}</th><th scope="col" class="num">${t('runs.due')}</th><th scope="col" class="num">${t('runs.deleted')}</th><th scope="col" class="num">${t('runs.held')}</th><th scope="col" class="num">${t('runs.failed')}</th><th scope="col" class="num">${t('runs.keys')}</th><th scope="col">${t('runs.oldest')}</th></tr></thead>
          <tbody>${run.classes.map(outcomeRow)}</tbody>
        </table>
      </div>
      <footer class="dialog-foot"><button type="button" class="button button-main" @click=${() => download(`run-${run.id}.json`, JSON.stringify({ publicKey, run }, null, 2))}>${t('runs.download')}</button></footer>`
  })
}

/** @param {ClassOutcome} one */
function outcomeRow(one) {
  return html`<tr><th scope="row">${classTitle(one.name)}</th><td class="num">${whole(one.due)}</td><td class="num">${whole(one.deleted)}</td><td class="num">${whole(one.held)}</td><td class="num">${whole(one.failed)}</td><td class="num">${whole(one.keysDestroyed)}</td><td>${timeOf(one.oldestLeft, dateTime, dateTimeExact)}</td></tr>`
}

/**
 * Deletes now what is due, after a question. Where the clock has leapt, somebody has to say that it is right.
 * @param {RetentionHealth | undefined} health @param {() => void} done
 */
export function openRun(health, done) {
  const form = newForm()
  const leapt = health?.reason?.startsWith('clock_') === true
  const start = (/** @type {SubmitEvent} */ event) => {
    const { confirmClock, reason = '' } = formValues(event)
    const body = confirmClock === undefined ? {} : { confirmClock: true, reason: reason.trim() }
    void attempt(form, () => send('POST', 'retention/runs', body), (/** @type {Pick<RetentionRun, 'state'> | { state: 'running' }} */ run) => {
      closeDialog()
      announce(t(run.state === 'done' ? 'runs.finished' : run.state === 'running' ? 'runs.goesOn' : 'runs.notFinished'))
      done()
    })
  }
  openDialog({
    title: t('runs.start'),
    view: () => html`
      <form @submit=${start}>
        <p>${t('runs.startText')}</p>
        ${leapt ? html`
          ${checkField({ name: 'confirmClock', label: t('runs.clock'), hint: t('runs.clockHint'), checked: false })}
          ${areaField({ name: 'reason', label: t('change.reason'), hint: t('change.reasonHint'), maxlength: 300, rows: 2 })}` : nothing}
        ${formError(form.error)}
        ${dialogFoot({ label: t('runs.startNow'), busy: form.busy })}
      </form>`
  })
}
