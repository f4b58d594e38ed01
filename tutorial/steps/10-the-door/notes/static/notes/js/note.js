// @ts-check
// The note page: puts the modules together. Document, provider, then what shows them. The text that Django
// rendered stands there until the first sync; after that the page works on with or without a server.

import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"
import { showConnection } from "./connection.js"
import { mountEditors } from "./editors.js"
import { showFind } from "./find.js"
import { loadIdentity } from "./identity.js"
import { copyText, showNotices } from "./notice.js"
import { showPeople } from "./people.js"
import { keepPlace } from "./place.js"
import { answerSaveKey } from "./save-key.js"
import { showSaved } from "./saved.js"
import { showUndo } from "./undo.js"
import { showUnreached } from "./unreached.js"

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const get = (id) => /** @type {T} */ (document.getElementById(id))

const page = get("note")
const { note = "", identity = "", socket = "", nonce = "" } = page.dataset

const doc = new Y.Doc()
const title = doc.getText("title")
const body = doc.getText("body")
const undoManager = new Y.UndoManager([title, body], { trackedOrigins: new Set() }) // the editors add themselves
const address = location.origin.replace("http", "ws") + socket
// Without its broadcast channel: two tabs of one browser would sync past the server, and hide its faults.
// With the note's identity: in a database that was made anew, another note may have the number.
const provider = new WebsocketProvider(address, note, doc, { disableBc: true, params: { identity } })
const { awareness } = provider

/** @type {ReturnType<typeof mountEditors> | undefined} */
let editors

showConnection(provider, get("connection"), get("offline"))
showUnreached(provider, get("unreached"))
const saved = showSaved(provider, get("changes"), () => editors?.seemToAgree() ?? true)
answerSaveKey(get("changes"), get("answer"))
showPeople(awareness, loadIdentity(), get("people"), get("my-name"))
showUndo(undoManager, get("undo"), get("redo"))
const notices = showNotices({
  provider,
  element: get("notice"),
  getText: () => (editors ? body.toString() : get("body").innerText),
  onDeleted: stopWriting,
})
showFind({
  doc,
  getViews: () => (editors ? [editors.title, editors.body] : []),
  getTop,
  button: get("open-find"),
  panel: get("find"),
  input: get("find-words"),
  count: get("find-count"),
  previous: get("find-previous"),
  close: get("find-close"),
})
keepPlace(body, () => editors?.body, getTop)
showCopyAddress(document.getElementById("copy-address"))

provider.on("status", ({ status }) => {
  // Awareness believes only newer clocks. So with each connection we start a new one of our own, and when the line
  // goes we forget those of others: or who was here before would not be here after.
  if (status === "connected") awareness.setLocalState(awareness.getLocalState())
  if (status === "disconnected") {
    for (const id of awareness.meta.keys()) if (id !== doc.clientID) awareness.meta.delete(id)
  }
})
provider.on("sync", (isSynced) => {
  if (isSynced && !editors) {
    get("controls").hidden = get("here").hidden = false
    editors = mountEditors({
      doc,
      awareness,
      undoManager,
      nonce,
      titleHost: get("title"),
      bodyHost: get("body"),
      getMargins: () => ({ top: getTop(), bottom: get("here").offsetHeight }),
      onParted(shown, mountAnew) {
        notices.offerLost(shown)
        saved.show()
        mountAnew()
        saved.show()
      },
    })
  }
})
const showTitle = () => {
  document.title = `${title.toString().trim() || "Untitled"} · Realtime Notes`
}
title.observe(showTitle)

/** How far down the screen the text begins to be seen. */
function getTop() {
  return get("bar").offsetHeight + get("find").offsetHeight
}

function stopWriting() {
  get("controls").hidden = true
  undoManager.clear() // or Mod-z would still change what is only there to be read
  editors?.makeReadOnly()
}

/** @param {HTMLElement | null} button which a pane of the side-by-side page does not have */
function showCopyAddress(button) {
  if (!button) return
  button.hidden = false
  button.addEventListener("click", async () => {
    await copyText(location.origin + location.pathname)
    button.textContent = "Copied"
    setTimeout(() => (button.textContent = "Copy address"), 2000)
  })
}
