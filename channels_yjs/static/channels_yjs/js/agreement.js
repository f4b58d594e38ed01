// @ts-check
// An editor shows a copy of its shared text. CodeMirror removes a plugin that fails, logs the error and goes on, so
// the two could drift apart for good under the words "Live" and "Saved". Therefore they are compared after each
// change; in a long text only their lengths are, and the whole texts when nobody has written for a moment.

import { readText } from "./binding.js"

/**
 * @import { Text } from "@codemirror/state"
 * @import * as Y from "yjs"
 */

const TICK_MS = 1000
const BUSY_TICKS = 10 // between two comparisons while people write without a pause
const QUICKLY_COMPARED = 20_000 // characters; comparing a million in 60 000 pieces takes some 50 ms

/**
 * @param {Y.Text} text
 * @param {() => Text} getShown
 * @param {() => void} onParted has to make them agree again
 */
export function watchAgreement(text, getShown, onParted) {
  /** @type {Text | null} the editor's text when it last was the shared text */
  let agreed = null
  let isQuiet = true
  let ticks = 0
  let isOver = false

  const agrees = () => {
    const shown = getShown()
    if (shown !== agreed) agreed = shown.toString() === readText(text) ? shown : null
    return agreed !== null
  }
  const seemsToAgree = () => {
    const isAlike = getShown().length === text.length
    return isAlike && (text.length > QUICKLY_COMPARED || agrees())
  }
  const compareQuickly = () => {
    if (!isOver && !seemsToAgree()) onParted()
  }
  const onChange = () => {
    agreed = null
    isQuiet = false
    queueMicrotask(compareQuickly) // later: now only one of the two has changed
  }
  const tick = () => {
    if (isQuiet || ++ticks % BUSY_TICKS === 0) if (!agrees()) onParted()
    isQuiet = true
  }
  const timer = setInterval(tick, TICK_MS)
  text.observe(onChange)
  return {
    seemsToAgree,
    onEdited: onChange,
    destroy() {
      isOver = true // a comparison may still be waiting
      clearInterval(timer)
      text.unobserve(onChange)
    },
  }
}

/**
 * The new position of a caret when the text around it is replaced by another version of itself.
 *
 * @param {number} position
 * @param {string} before
 * @param {string} after
 */
export function follow(position, before, after) {
  let start = 0
  while (start < position && before[start] === after[start]) start++
  const fromEnd = before.length - position
  return start === position ? start : Math.max(start, after.length - fromEnd)
}
