import {
  bindValues,
  introduce,
  mountEditor,
  openDocument,
  showAccess,
  showConnection,
  showPeople,
  showSaved,
  showUndo,
  showUnsent,
} from "channels-yjs"

const get = (id) => document.getElementById(id)
const COLORS = ["#be123c", "#0369a1", "#4d7c0f", "#7e22ce", "#b45309", "#0f766e"]

const host = get("minutes")
const { socket, me } = host.dataset

async function open() {
  const minutes = openDocument(socket, ["minutes"])
  introduce(minutes, { name: me, color: COLORS[me.length % COLORS.length] })
  showConnection(minutes, get("connection"))
  showSaved(minutes, get("saved"))
  showAccess(minutes, get("access"))
  showPeople(minutes, get("people"))
  bindValues(minutes, get("about"))
  showUndo(minutes, get("undo"), get("redo"))
  minutes.refused.then((texts) => {
    showUnsent(get("unsent"), texts)
    minutes.destroy() // it holds what was not taken, so begin again with what the server has
    open()
  })
  await minutes.synced
  mountEditor(minutes, "minutes", host, { label: "Minutes", hint: "Who was there, and what was decided?" })
}

open()
