// @ts-check
// A line ends with "\n" and with nothing else. CodeMirror would also end a line at "\r\n" and at "\r", and count either
// as one character, while the document keeps what was written: from there on, every position would be wrong.

import { EditorState } from "@codemirror/state"
import { ySyncAnnotation } from "y-codemirror.next"

/**
 * @import { ChangeSpec, Transaction } from "@codemirror/state"
 */

const OTHER_LINE_ENDS = /\r\n?/g

/** Turns the line ends of pasted, dropped or typed text into "\n". */
const convertOwn = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.annotation(ySyncAnnotation)) return transaction
  const changes = otherLineEnds(transaction)
  return changes.length ? [transaction, { changes, sequential: true }] : transaction
})

/** @param {Transaction} transaction */
function otherLineEnds({ changes }) {
  /** @type {ChangeSpec[]} */
  const found = []
  changes.iterChanges((_fromA, _toA, fromB, _toB, inserted) => {
    for (const { index, 0: end } of inserted.toString().matchAll(OTHER_LINE_ENDS)) {
      found.push({ from: fromB + index, to: fromB + index + end.length, insert: "\n" })
    }
  })
  return found
}

export const lineEnds = [EditorState.lineSeparator.of("\n"), convertOwn]
