// @ts-check
// A character beyond U+FFFF, such as an emoji, is two units long in JavaScript: a surrogate pair. One half alone is
// no character: Yjs sends a replacement character in its place, and its event does not tell this page. So everything
// written here goes into the document in whole characters, and pairs that others cut are shown as the document has
// them.

import { EditorState, StateEffect, StateField } from "@codemirror/state"
import { ViewPlugin } from "@codemirror/view"
import { ySyncAnnotation, ySyncFacet } from "y-codemirror.next"

/**
 * @import { ChangeSpec, Extension, StateEffectType, Text, Transaction } from "@codemirror/state"
 * @import { EditorView } from "@codemirror/view"
 * @import * as Y from "yjs"
 */

/** @typedef {{ at: number, unit: string }} FirstHalf */

const REPLACEMENT = "\ufffd"
const LONE_HALVES = /\p{Surrogate}/gu
const HIGH_AT_THE_END = /[\ud800-\udbff]$/
const LOW_AT_THE_START = /^[\udc00-\udfff]/

/**
 * @param {Y.Text} text
 * @returns {Extension}
 */
export function showCutPairs(text) {
  return [firstHalf, writeWholeCharacters, mendAfterOthers(text)]
}

// What is written on this page

/** @type {StateEffectType<FirstHalf>} */
const firstHalfCame = StateEffect.define()

/** Some keyboards type a pair as two halves. Until the second one comes, a replacement character keeps the place. */
const firstHalf = StateField.define({
  create: () => /** @type {FirstHalf | null} */ (null),
  update(half, transaction) {
    for (const effect of transaction.effects) if (effect.is(firstHalfCame)) return effect.value
    if (!half || !transaction.docChanged) return half
    return isFromDocument(transaction) ? { ...half, at: transaction.changes.mapPos(half.at, 1) } : null
  },
})

const writeWholeCharacters = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || isFromDocument(transaction)) return transaction
  const { startState } = transaction
  /** @type {ChangeSpec[]} */
  const changes = []
  /** @type {StateEffect<FirstHalf>[]} */
  const effects = []
  transaction.changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
    const written = inserted.toString()
    const left = halfBefore(startState, fromA, written)
    const right = isInPair(startState.doc, toA) ? startState.doc.sliceString(toA, toA + 1) : ""
    const units = left + written + right
    const characters = units.replace(LONE_HALVES, REPLACEMENT)
    if (left || right || characters !== units) {
      changes.push({ from: fromB - left.length, to: toB + right.length, insert: characters })
    }
    const [unit] = units.match(HIGH_AT_THE_END) ?? []
    if (unit) effects.push(firstHalfCame.of({ at: toB - 1, unit }))
  })
  return changes.length ? [transaction, { changes, effects, sequential: true }] : transaction
})

/**
 * @param {EditorState} state
 * @param {number} at
 * @param {string} written there
 */
function halfBefore(state, at, written) {
  if (isInPair(state.doc, at)) return state.doc.sliceString(at - 1, at)
  const half = state.field(firstHalf)
  const isSecond = half?.at === at - 1 && LOW_AT_THE_START.test(written)
  return isSecond && state.doc.sliceString(at - 1, at) === REPLACEMENT ? half.unit : ""
}

/** @param {Transaction} transaction */
const isFromDocument = (transaction) => transaction.annotation(ySyncAnnotation) !== undefined

// What others write

/** @param {Y.Text} text */
function mendAfterOthers(text) {
  return ViewPlugin.define((view) => {
    /**
     * @param {Y.YTextEvent} event
     * @param {Y.Transaction} transaction
     */
    const onChange = (event, { origin }) => {
      // Our own changes cut no pair, and are reported while the editor is updating, when it may not be changed again.
      if (origin !== view.state.facet(ySyncFacet)) mend(view, edges(event))
    }
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
    for (const at of [position - 1, position]) if (isHalf(view.state.doc, at)) halves.add(at)
  }
  if (halves.size === 0) return
  const changes = [...halves].map((at) => ({ from: at, to: at + 1, insert: REPLACEMENT }))
  view.dispatch({ changes, annotations: ySyncAnnotation.of(view.state.facet(ySyncFacet)) })
}

/**
 * @param {Text} doc
 * @param {number} at
 */
function isHalf(doc, at) {
  const unit = unitAt(doc, at)
  return (isHigh(unit) && !isInPair(doc, at + 1)) || (isLow(unit) && !isInPair(doc, at))
}

/**
 * @param {Text} doc
 * @param {number} at
 */
function isInPair(doc, at) {
  return isHigh(unitAt(doc, at - 1)) && isLow(unitAt(doc, at))
}

/**
 * @param {Text} doc
 * @param {number} at
 */
function unitAt(doc, at) {
  return at < 0 || at >= doc.length ? 0 : doc.sliceString(at, at + 1).charCodeAt(0)
}

/** @param {number} unit */
const isHigh = (unit) => unit >= 0xd800 && unit <= 0xdbff

/** @param {number} unit */
const isLow = (unit) => unit >= 0xdc00 && unit <= 0xdfff
