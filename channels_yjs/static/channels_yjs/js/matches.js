// @ts-check
// The matches in an editor, and how they are shown. The one match that the search has reached has an outline too,
// since colour alone does not tell it from the others.

import { StateEffect, StateField } from "@codemirror/state"
import { Decoration, ViewPlugin } from "@codemirror/view"

/**
 * @import { SearchQuery } from "@codemirror/search"
 * @import { Transaction } from "@codemirror/state"
 * @import { DecorationSet, EditorView, ViewUpdate } from "@codemirror/view"
 */

/** @typedef {{ from: number, to: number }} Range */
/** @typedef {Range & { view: EditorView }} Match */

/** @type {import("@codemirror/state").StateEffectType<{ matches: Range[], here: Range | null }>} */
export const setFound = StateEffect.define()

/** The matches in an editor, and, in the editor where the search is, the current one. */
export const found = StateField.define({
  create: () => ({ matches: /** @type {Range[]} */ ([]), here: /** @type {Range | null} */ (null) }),
  update({ matches, here }, tr) {
    for (const effect of tr.effects) if (effect.is(setFound)) return effect.value
    if (here && tr.docChanged) here = { from: tr.changes.mapPos(here.from, 1), to: tr.changes.mapPos(here.to, -1) }
    return { matches, here }
  },
})

class Highlights {
  /** @param {EditorView} view */
  constructor(view) {
    this.decorations = highlight(view)
  }

  /** @param {ViewUpdate} update */
  update(update) {
    if (update.docChanged) this.decorations = this.decorations.map(update.changes) // until the next search
    else if (update.viewportChanged || update.transactions.some(isFinding)) this.decorations = highlight(update.view)
  }
}

export const matchHighlights = [
  found,
  ViewPlugin.fromClass(Highlights, { decorations: (plugin) => plugin.decorations }),
]

/** @param {Transaction} tr */
const isFinding = (tr) => tr.effects.some((effect) => effect.is(setFound))

/**
 * @param {EditorView} view
 * @returns {DecorationSet} for the matches in view only: there may be thousands more
 */
function highlight({ state, viewport }) {
  const { matches, here } = state.field(found)
  const end = Math.min(viewport.to, state.doc.length)
  return Decoration.set(
    matches
      .filter(({ from, to }) => from >= viewport.from && to <= end)
      .map((match) => (isSame(match, here) ? currentMark : mark).range(match.from, match.to)),
  )
}

const mark = Decoration.mark({ class: "match" })
const currentMark = Decoration.mark({ class: "match match-current" })

/**
 * @param {EditorView} view
 * @param {SearchQuery} query
 */
export function matchesIn(view, query) {
  const cursor = query.getCursor(view.state)
  const matches = []
  for (let next = cursor.next(); !next.done; next = cursor.next()) {
    matches.push({ view, from: next.value.from, to: next.value.to })
  }
  return matches
}

/**
 * @param {Range} one
 * @param {Range | null} other
 */
export function isSame(one, other) {
  return one.from === other?.from && one.to === other.to
}
