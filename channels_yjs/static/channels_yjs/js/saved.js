// @ts-check
// "Saved" as a promise: it is shown only while everything that was written on this page is in the database.
//
// Each change of ours has a number. We send the newest one to the server (message 102), and the server sends it back
// once everything it received before is committed. A number may only be sent after everything up to it: on a
// connection that has synced, since then the changes made offline have gone out before it. An editor's text is only
// saved if it is the document's.

import * as decoding from "lib0/decoding"
import * as encoding from "lib0/encoding"
import { lasting } from "./lasting.js"

/** @import { SharedDocument } from "./document.js" */

const SYNC_STATUS = 102
const ASK_EVERY_MS = 100

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} element shows whether all is saved
 */
export function showSaved(shared, element) {
  const { provider, editors } = shared
  let changed = 0
  let saved = 0
  let asked = 0
  let wasSynced = false
  /** @type {number | undefined} */
  let timer

  const show = () => {
    wasSynced ||= provider.synced
    if (!wasSynced) return // nobody could write yet, so there is nothing to show
    const isSaved = saved === changed && editors.every((editor) => editor.seemsToAgree())
    const state = isSaved ? "saved" : saved !== changed && provider.synced ? "saving" : "unsent"
    if (element.dataset.state === state) return
    element.dataset.state = state
    element.textContent = { saved: "Saved", saving: "Saving…", unsent: "Not sent yet" }[state]
  }
  const ask = () => {
    timer = undefined
    if (!provider.synced || asked === changed) return
    asked = changed
    provider.ws?.send(encodeStatus(asked))
    timer = setTimeout(ask, ASK_EVERY_MS)
  }
  /**
   * @param {Uint8Array} _update
   * @param {unknown} origin
   */
  const onUpdate = (_update, origin) => {
    if (origin === provider) return
    changed++
    if (timer === undefined) ask()
    show()
  }
  const onSync = () => {
    asked = saved // a question on an earlier connection may never be answered
    clearTimeout(timer)
    ask()
    show()
  }
  /** @param {BeforeUnloadEvent} event */
  const onLeave = (event) => {
    if (saved !== changed) event.preventDefault()
  }
  provider.messageHandlers[SYNC_STATUS] = (_encoder, decoder) => {
    saved = Math.max(saved, decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder))))
    show()
  }
  provider.doc.on("update", onUpdate)
  provider.on("sync", onSync)
  window.addEventListener("beforeunload", onLeave)
  show()
  return {
    show,
    ...lasting(shared, () => {
      clearTimeout(timer)
      provider.doc.off("update", onUpdate)
      provider.off("sync", onSync)
      window.removeEventListener("beforeunload", onLeave)
    }),
  }
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
