// @ts-check
// My name, and a field to change it.

import { introduce } from "channels-yjs"
import { rename } from "./identity.js"

/**
 * @import { SharedDocument } from "channels-yjs"
 * @import { Person } from "channels-yjs"
 */

/**
 * @param {SharedDocument} shared
 * @param {Person} me
 * @param {HTMLInputElement} input
 */
export function showMyName(shared, me, input) {
  let before = me // an empty field is no name: then I am called as before I began to change it
  const onName = () => {
    me = rename(before, input.value)
    introduce(shared, me)
  }
  const onNameDone = () => {
    before = me
    input.value = me.name
  }
  onNameDone()
  introduce(shared, me)
  input.addEventListener("input", onName)
  input.addEventListener("change", onNameDone)
}
