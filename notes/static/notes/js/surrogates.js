// @ts-check
// A letter beyond U+FFFF, such as an emoji, is two units long in JavaScript. No editor puts a cursor between the two,
// but a client may write there. Yjs then turns each half into a replacement character, and its event tells nothing
// of that. So after each change we look at its edges, and show what the document holds.

import { ViewPlugin } from "@codemirror/view"
import { ySyncAnnotation, ySyncFacet } from "y-codemirror.next"

/**
 * @import { EditorView } from "@codemirror/view"
 * @import * as Y from "yjs"
 */

const REPLACEMENT = "\ufffd"

/** @param {Y.Text} text */
export function showCutPairs(text) {
  return ViewPlugin.define((view) => {
    /** @param {Y.YTextEvent} event */
    const onChange = (event) => mend(view, edges(event))
    text.observe(onChange)
    return { destroy: () => text.unobserve(onChange) }
  })
}

/** @param {Y.YTextEvent} event */
function edges({ delta }) {
  const positions = new Set()
  let position = 0
  for (const { retain, insert } of delta) {
    positions.add(position)
    position += retain ?? (typeof insert === "string" ? insert.length : 0)
    positions.add(position)
  }
  return positions
}

/**
 * @param {EditorView} view
 * @param {Set<number>} positions
 */
function mend(view, positions) {
  const halves = new Set()
  for (const position of positions) {
    for (const at of [position - 1, position]) if (isHalf(view, at)) halves.add(at)
  }
  if (halves.size === 0) return
  const changes = [...halves].map((at) => ({ from: at, to: at + 1, insert: REPLACEMENT }))
  view.dispatch({ changes, annotations: ySyncAnnotation.of(view.state.facet(ySyncFacet)) })
}

/**
 * @param {EditorView} view
 * @param {number} at
 */
function isHalf(view, at) {
  const { doc } = view.state
  const [before, unit, after] = [at - 1, at, at + 1].map((index) =>
    index < 0 || index >= doc.length ? 0 : doc.sliceString(index, index + 1).charCodeAt(0),
  )
  return (isHigh(unit) && !isLow(after)) || (isLow(unit) && !isHigh(before))
}

/** @param {number} unit */
const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff

/** @param {number} unit */
const isLow = (unit) => unit >= 0xdc00 && unit <= 0xdfff
