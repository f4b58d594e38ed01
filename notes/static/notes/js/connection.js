// @ts-check
// The state of the line in words, and the switch that cuts it. The provider reconnects by itself; this module
// only tells what is going on. "Live" means that everything the server has is here.

/** @import { WebsocketProvider } from "y-websocket" */

const WORDS = {
  connecting: "Connecting…",
  live: "Live",
  offline: "Offline: your changes are kept and will be sent",
}

/**
 * @param {WebsocketProvider} provider
 * @param {HTMLElement} element says the state
 * @param {HTMLElement} toggle cuts the line
 */
export function showConnection(provider, element, toggle) {
  /** @param {keyof typeof WORDS} state */
  const show = (state) => {
    if (element.dataset.state === state) return
    element.dataset.state = state
    element.textContent = WORDS[state]
  }
  /** @param {boolean} isSynced */
  const onSync = (isSynced) => show(isSynced ? "live" : "offline")
  const onClose = () => show("offline")
  const onToggle = () => {
    const goesOffline = toggle.getAttribute("aria-checked") === "false"
    toggle.setAttribute("aria-checked", String(goesOffline))
    if (goesOffline) provider.disconnect()
    else provider.connect()
  }
  provider.on("sync", onSync)
  provider.on("connection-close", onClose)
  toggle.addEventListener("click", onToggle)
  return {
    destroy() {
      provider.off("sync", onSync)
      provider.off("connection-close", onClose)
      toggle.removeEventListener("click", onToggle)
    },
  }
}
