// @ts-check
// "Saved" as a promise: it is shown only while everything that was written on this page is in the database.
//
// Each change of ours has a number. We send the newest one to the server (message 102), and the server sends it back
// once everything it received before is committed. A number may only be sent after everything up to it: on a
// connection that has synced, since then the changes made offline have gone out before it. An editor's text is only
// saved if it is the document's.

import * as decoding from "lib0/decoding"
import * as encoding from "lib0/encoding"
import { GONE } from "./document.js"
import { lasting } from "./lasting.js"

/** @import { SharedDocument } from "./document.js" */

const SYNC_STATUS = 102
const ASK_EVERY_MS = 100
const WORDS = { saved: "Saved", saving: "Saving…", unsent: "Not sent yet", gone: "Not saved any more", unknown: "" }

/**
 * @typedef {object} Progress of one document, whoever shows it
 * @property {number} changed the number of our last change
 * @property {number} saved the last one that the server has called saved
 * @property {boolean} wasSynced before that nobody could write, so there is nothing to show
 * @property {boolean} isGone the server has no such document any more, so what was saved is nowhere but here
 * @property {Set<() => void>} listeners
 */

/** @type {WeakMap<SharedDocument, Progress>} */
const known = new WeakMap()

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} element shows whether all is saved. Unless it has an `aria-live` of its own, screen readers do
 *   not say so at each keystroke
 */
export function showSaved(shared, element) {
  const { provider, editors } = shared
  const progress = known.get(shared) ?? follow(shared)
  const show = () => {
    const { changed, saved, wasSynced, isGone } = progress
    const isSaved = saved === changed && editors.every((editor) => editor.seemsToAgree())
    const sent = isSaved ? "saved" : saved !== changed && provider.synced ? "saving" : "unsent"
    const state = isGone ? "gone" : wasSynced ? sent : "unknown"
    if (element.dataset.state === state) return
    element.dataset.state = state
    element.textContent = WORDS[state]
  }
  if (!element.ariaLive) element.ariaLive = "off"
  progress.listeners.add(show)
  show()
  return { show, ...lasting(shared, () => progress.listeners.delete(show)) }
}

/**
 * Counts from now on, until the document is destroyed.
 *
 * @param {SharedDocument} shared
 */
function follow(shared) {
  const { provider } = shared
  // What was written before in an editor, nobody has counted. So the server is asked whether it has all of it.
  const isLate = shared.editors.length > 0 && provider.doc.store.clients.size > 0
  const wasSynced = provider.synced || isLate
  /** @type {Progress} */
  const progress = { changed: Number(isLate), saved: 0, wasSynced, isGone: false, listeners: new Set() }
  let asked = 0
  /** @type {number | undefined} */
  let timer

  const tell = () => {
    for (const listener of [...progress.listeners]) listener()
  }
  const ask = () => {
    timer = undefined
    if (!provider.synced || asked === progress.changed) return
    asked = progress.changed
    provider.ws?.send(encodeStatus(asked))
    timer = setTimeout(ask, ASK_EVERY_MS)
  }
  /**
   * @param {Uint8Array} _update
   * @param {unknown} origin
   */
  const onUpdate = (_update, origin) => {
    if (origin === provider) return
    progress.changed++
    if (timer === undefined) ask()
    tell()
  }
  const onSync = () => {
    progress.wasSynced ||= provider.synced
    asked = progress.saved // a question on an earlier connection may never be answered
    clearTimeout(timer)
    ask()
    tell()
  }
  /** @param {{ code: number }} event */
  const onClosed = ({ code }) => {
    progress.isGone ||= GONE.includes(code)
    tell()
  }
  /** @param {BeforeUnloadEvent} event */
  const onLeave = (event) => {
    const { changed, saved, isGone } = progress
    const isKept = saved === changed && shared.editors.every((editor) => editor.seemsToAgree())
    if (!isKept || (isGone && changed > 0)) event.preventDefault()
  }
  provider.messageHandlers[SYNC_STATUS] = (_encoder, decoder) => {
    const number = decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder)))
    progress.saved = Math.max(progress.saved, number)
    tell()
  }
  provider.doc.on("update", onUpdate)
  provider.on("sync", onSync)
  provider.on("closed", onClosed)
  window.addEventListener("beforeunload", onLeave)
  known.set(shared, progress)
  ask()
  lasting(shared, () => {
    clearTimeout(timer)
    provider.doc.off("update", onUpdate)
    provider.off("sync", onSync)
    provider.off("closed", onClosed)
    window.removeEventListener("beforeunload", onLeave)
    known.delete(shared)
  })
  return progress
}

/** @param {number} number */
function encodeStatus(number) {
  const payload = encoding.createEncoder()
  encoding.writeVarUint(payload, number)
  const frame = encoding.createEncoder()
  encoding.writeVarUint(frame, SYNC_STATUS)
  encoding.writeVarUint8Array(frame, encoding.toUint8Array(payload))
  return encoding.toUint8Array(frame)
}
