// @ts-check
// The entry "channels-yjs", which pages import. Nothing here knows what the documents are about.
//
//   const minutes = openDocument("/ws/meetings/1", ["minutes"])
//   showSaved(minutes, element)
//   await minutes.synced
//   mountEditor(minutes, "minutes", host)

export { showAccess } from "./access.js"
export { showConnection } from "./connection.js"
export { copyText } from "./copy.js"
export { openDocument } from "./document.js"
export { mountEditor } from "./editor.js"
export { showFind } from "./find.js"
export { openLobby } from "./lobby.js"
export { introduce, showPeople } from "./people.js"
export { colorOf, NAME_MAX_LENGTH, nameOf, personItem } from "./person.js"
export { keepPlace } from "./place.js"
export { answerSaveKey } from "./save-key.js"
export { showSaved } from "./saved.js"
export { showUndo } from "./undo.js"
export { showUnreached } from "./unreached.js"
export { showUnsent } from "./unsent.js"
export { bindValues } from "./values.js"

/**
 * @typedef {import("./document.js").SharedDocument} SharedDocument
 * @typedef {import("./person.js").Person} Person
 */
