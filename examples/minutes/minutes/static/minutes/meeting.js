import { introduce, mountEditor, openDocument, showConnection, showPeople, showSaved, showUndo } from "channels-yjs"

const get = (id) => document.getElementById(id)
const COLORS = ["#be123c", "#0369a1", "#4d7c0f", "#7e22ce", "#b45309", "#0f766e"]

const host = get("minutes")
const { socket, me } = host.dataset
const minutes = openDocument(socket, ["minutes"])
introduce(minutes, { name: me, color: COLORS[me.length % COLORS.length] })
showConnection(minutes, get("connection"))
showSaved(minutes, get("saved"))
showPeople(minutes, get("people"))
showUndo(minutes, get("undo"), get("redo"))
await minutes.synced
mountEditor(minutes, "minutes", host, { label: "Minutes", hint: "Who was there, and what was decided?" })
