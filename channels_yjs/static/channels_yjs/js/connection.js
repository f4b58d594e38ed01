// @ts-check
// The state of the connection in words, and the switch that cuts it. The provider reconnects by itself; this module
// only shows the state. "Live" means that everything the server has is here.

import { lasting } from "./lasting.js"

/** @import { SharedDocument } from "./document.js" */

const WORDS = {
  connecting: "Connecting…",
  unreached: "Not connected yet: this can be read, but not changed",
  live: "Live",
  offline: "Offline: your changes are kept and will be sent",
  closed: "Offline: the server closed the connection",
}

/** @type {Record<number, string>} By code: not every server passes on the reason in words. */
const CLOSED = {
  4403: "Offline: you may not open this",
  4404: "Offline: this has been deleted",
}

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} element shows the state
 * @param {HTMLElement} [toggle] a switch that cuts the connection
 */
export function showConnection(shared, element, toggle) {
  const { provider } = shared
  /** @param {keyof typeof WORDS} state @param {string} [words] */
  const show = (state, words = WORDS[state]) => {
    if (element.dataset.state === state) return
    element.dataset.state = state
    element.textContent = words
  }
  let wasLive = false // before that there is no editor, and so no change to keep
  /** @param {boolean} isSynced */
  const onSync = (isSynced) => {
    wasLive ||= isSynced
    show(isSynced ? "live" : "offline")
  }
  const onLost = () => show(wasLive ? "offline" : "unreached")
  /** @param {{ code: number }} event */
  const onClosed = ({ code }) => show("closed", CLOSED[code]) // for good: the provider does not reconnect by itself
  const onToggle = () => {
    const goesOffline = toggle?.getAttribute("aria-checked") === "false"
    toggle?.setAttribute("aria-checked", String(goesOffline))
    if (goesOffline) provider.disconnect()
    else provider.connect()
  }
  toggle?.setAttribute("aria-checked", String(!provider.shouldConnect)) // or it says what an earlier document was
  provider.on("sync", onSync)
  provider.on("connection-close", onLost)
  provider.on("closed", onClosed)
  toggle?.addEventListener("click", onToggle)
  // The element may still show the state of a document that was open here before.
  if (provider.synced) onSync(true)
  else show(provider.shouldConnect ? "connecting" : "unreached")
  return lasting(shared, () => {
    provider.off("sync", onSync)
    provider.off("connection-close", onLost)
    provider.off("closed", onClosed)
    toggle?.removeEventListener("click", onToggle)
  })
}
