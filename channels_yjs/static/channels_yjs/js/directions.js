// @ts-check
// Each line runs in its own direction, that of its first letter: a Hebrew line in an English note starts at the
// right. The browser detects it line by line (`dir="auto"`), and CodeMirror asks the browser when a caret moves.

import { RangeSetBuilder } from "@codemirror/state"
import { Decoration, EditorView, ViewPlugin } from "@codemirror/view"

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

export const lineDirections = [
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
