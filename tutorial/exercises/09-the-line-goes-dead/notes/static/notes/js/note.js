// @ts-check
// The note page: puts the parts together. The text that Django rendered is shown until the first sync; after that the
// page works with or without a server.

import {
  answerSaveKey,
  copyText,
  mountEditor,
  openDocument,
  showConnection,
  showPeople,
  showSaved,
  showUndo,
  showUnreached,
} from "channels-yjs"
import { loadIdentity } from "./identity.js"
import { showNotices } from "./notice.js"
import { showMyName } from "./people.js"

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const get = (id) => /** @type {T} */ (document.getElementById(id))

const note = openDocument(get("note").dataset.socket ?? "", ["title", "body"])
const { title, body } = note.texts

showConnection(note, get("connection"), get("offline"))
showUnreached(note, get("unreached"))
showSaved(note, get("changes"))
answerSaveKey(get("changes"), get("answer"))
showMyName(note, loadIdentity(), get("my-name"))
showPeople(note, get("people"))
showUndo(note, get("undo"), get("redo"))
showNotices(note, get("notice"), {
  hosts: [get("title"), get("body")],
  onDeleted: () => (get("controls").hidden = true),
})
showCopyAddress(document.getElementById("copy-address"))
title.observe(() => {
  document.title = `${title.toString().trim() || "Untitled"} · Realtime Notes`
})
let since = 0
setInterval(() => {
  const isLive = get("connection").dataset.state === "live"
  since = isLive ? 0 : since || Date.now()
  const seconds = isLive ? 0 : Math.round((Date.now() - since) / 1000)
  get("offline-for").textContent = seconds ? `Offline for ${seconds} s` : ""
}, 200)

await note.synced
get("controls").hidden = get("here").hidden = false
mountEditor(note, "title", get("title"), {
  label: "Title",
  hint: "Untitled",
  isOneLine: true,
  onEnter: () => text.view.focus(),
})
const text = mountEditor(note, "body", get("body"), {
  label: "Note",
  hint: "Write something. Everybody who has this note open sees it at once.",
})

/** @param {HTMLElement | null} button */
function showCopyAddress(button) {
  if (!button) return
  button.hidden = false
  button.addEventListener("click", async () => {
    await copyText(location.origin + location.pathname)
    button.textContent = "Copied"
    setTimeout(() => (button.textContent = "Copy address"), 2000)
  })
}
