// @ts-check
// Each line runs in its own direction, that of its first letter: a Hebrew line in an English note starts at the
// right. The browser detects it line by line (`dir="auto"`), and CodeMirror asks the browser when a caret moves.

import { RangeSetBuilder } from "@codemirror/state"
import { Decoration, EditorView, ViewPlugin, keymap } from "@codemirror/view"

/** @import { DecorationSet } from "@codemirror/view" */

const ownDirection = Decoration.line({ attributes: { dir: "auto" } })

class LineDirections {
  /** @param {EditorView} view */
  constructor(view) {
    this.decorations = decorate(view)
  }

  /** @param {import("@codemirror/view").ViewUpdate} update */
  update(update) {
    if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view)
  }
}

/**
 * In a line that wraps, CodeMirror looks for the end at the edge of the screen, where a word in the other direction has
 * its start. On the last row the end of the line is meant.
 *
 * @param {EditorView} view
 * @param {(anchor: number, end: number) => { anchor: number, head: number }} select
 */
function goToEnd(view, select) {
  const { anchor, head } = view.state.selection.main
  const { to } = view.state.doc.lineAt(head)
  const [here, end] = [view.coordsAtPos(head, 1) ?? view.coordsAtPos(head, -1), view.coordsAtPos(to, -1)]
  if (!here || !end || end.top >= here.bottom) return false // there are more rows: CodeMirror knows best
  view.dispatch({ selection: select(anchor, to), scrollIntoView: true, userEvent: "select" })
  return true
}

const endKey = keymap.of([
  {
    key: "End",
    run: (view) => goToEnd(view, (_anchor, end) => ({ anchor: end, head: end })),
    shift: (view) => goToEnd(view, (anchor, end) => ({ anchor, head: end })),
  },
])

export const lineDirections = [
  endKey,
  ViewPlugin.fromClass(LineDirections, { decorations: (plugin) => plugin.decorations }),
  EditorView.perLineTextDirection.of(true),
]

/**
 * @param {EditorView} view
 * @returns {DecorationSet} for the lines in view only: there may be thousands more
 */
function decorate(view) {
  /** @type {RangeSetBuilder<Decoration>} */
  const builder = new RangeSetBuilder()
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at)
      builder.add(line.from, line.from, ownDirection)
      at = line.to + 1
    }
  }
  return builder.finish()
}
