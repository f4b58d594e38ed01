// @ts-check
// The values of a document in the inputs of a form: a date, a choice, a tick box. Two people do not write one together:
// the last who changes it wins.

import { VALUES } from "./document.js"
import { lasting } from "./lasting.js"

/** @import { SharedDocument } from "./document.js" */

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Input */

const INPUTS = "input, select, textarea"
// Nobody sees a change of these, or it is not to be seen: others must not choose what somebody else sends.
const UNBOUND = ["button", "file", "hidden", "image", "password", "reset", "submit"]
const EXACT_DIGITS = 15 // a number of JavaScript keeps no more

/**
 * Keeps each input that people see and change in step with the value of its name, if the document has one: the server
 * puts each shared value in. As long as nothing may be changed, the inputs are disabled, and sent as they are all the
 * same. Enter does not send a form that has no button to send it.
 *
 * @param {SharedDocument} shared
 * @param {HTMLFormElement} form
 */
export function bindValues(shared, form) {
  /** @type {import("yjs").Map<unknown>} */
  const values = shared.doc.getMap(VALUES)
  const root = form.getRootNode()
  const waiting = inputsOf(form).filter((input) => !input.disabled) // until it is known which have a value
  let isSynced = false
  let isOver = false
  let isEntering = false
  /** @type {Input | undefined} the one in which I am typing: it says 1.0, and the value is 1 */
  let typedIn
  /** @type {Input | undefined} the one that says half a date, or half a number */
  let half
  /** @type {EventTarget | null} in which a word is being composed: set meanwhile, it would have that word twice */
  let composedIn = null
  let isHeld = false // a value waits until the word is done
  /** @type {number | undefined} a timer */
  let composed

  /** @param {{ has: (key: string) => boolean }} keys of the values to show: in other fields somebody may be writing */
  const show = (keys) => {
    for (const input of inputsOf(form)) {
      if (input === typedIn || !keys.has(input.name) || !values.has(input.name)) continue
      if (input === composedIn) isHeld = true
      else write(input, values.get(input.name))
    }
  }
  const follow = () => {
    for (const input of inputsOf(form)) {
      if (isSynced && values.has(input.name)) input.disabled = shared.isReadOnly
    }
  }
  /** @param {boolean} isDisabled */
  const disable = (isDisabled) => waiting.forEach((input) => (input.disabled = isDisabled))
  /** @param {import("yjs").YMapEvent<unknown>} event */
  const onValues = ({ keysChanged }) => show(keysChanged)
  /** @param {Event} event at each key, since what is said to be saved has to be in the document */
  const onInput = ({ target }) => {
    typedIn = inputsOf(form).find((input) => input === target)
    half = typedIn?.validity.badInput ? typedIn : undefined // which is read as none, and takes away none
    try {
      if (typedIn && !half && values.has(typedIn.name)) values.set(typedIn.name, read(typedIn))
    } finally {
      typedIn = undefined
    }
  }
  /** @param {Event} event the only one when what was left of half a date is deleted */
  const onKeyUp = (event) => half && event.target === half && half.value === "" && onInput(event)
  /** @param {Event} event which ends a word, in some browsers, before the input event of its last letters */
  const onCompose = ({ type, target }) => {
    clearTimeout(composed)
    if (type === "compositionstart") composedIn = target
    else composed = setTimeout(onComposed)
  }
  const onComposed = () => {
    const name = inputsOf(form).find((input) => input === composedIn)?.name
    composedIn = null
    if (isHeld) show({ has: (key) => key === name })
    isHeld = false
  }
  /** @param {SubmitEvent} event */
  const onSubmit = (event) => event.submitter || !isEntering || event.preventDefault()
  /** @param {Event} event in whose task Enter sends the form; a script may send it at any time */
  const onKeyPress = (event) => {
    isEntering = "key" in event && event.key === "Enter"
    setTimeout(() => (isEntering = false))
  }
  const onReset = () => setTimeout(() => show(values)) // once the browser has put back what the page came with
  /** @param {FormDataEvent} event a browser leaves out what is disabled, and Django takes what is missing for empty */
  const onFormData = ({ formData }) => {
    for (const input of inputsOf(form)) {
      const isOurs = isSynced ? values.has(input.name) : waiting.includes(input)
      if (input.disabled && isOurs) for (const sent of sentBy(input)) formData.append(input.name, sent)
    }
  }
  values.observe(onValues)
  root.addEventListener("input", onInput, true) // an input may belong to a form that it is not inside of
  root.addEventListener("keyup", onKeyUp, true)
  root.addEventListener("compositionstart", onCompose, true)
  root.addEventListener("compositionend", onCompose, true)
  form.addEventListener("submit", onSubmit)
  form.addEventListener("formdata", onFormData)
  form.addEventListener("reset", onReset)
  root.addEventListener("keypress", onKeyPress, true)
  shared.accessListeners.add(follow)
  shared.synced.then(() => {
    if (isOver) return
    isSynced = true
    disable(false)
    follow()
  })
  show(values)
  disable(true)
  return lasting(shared, () => {
    values.unobserve(onValues)
    root.removeEventListener("input", onInput, true)
    root.removeEventListener("keyup", onKeyUp, true)
    root.removeEventListener("compositionstart", onCompose, true)
    root.removeEventListener("compositionend", onCompose, true)
    clearTimeout(composed)
    form.removeEventListener("submit", onSubmit)
    form.removeEventListener("formdata", onFormData)
    form.removeEventListener("reset", onReset)
    root.removeEventListener("keypress", onKeyPress, true)
    if (!isSynced) disable(false)
    isOver = true
    shared.accessListeners.delete(follow)
  })
}

/** @param {HTMLFormElement} form @returns {Input[]} */
function inputsOf(form) {
  const inputs = /** @type {Input[]} */ ([...form.elements].filter((element) => element.matches(INPUTS)))
  return inputs.filter(({ name, type }) => name && !UNBOUND.includes(type))
}

/** @param {Input} input a date that is not given, or a number, is null; a time is one of this browser's time zone */
function read(input) {
  if (input.type === "checkbox") return /** @type {HTMLInputElement} */ (input).checked
  if (input.type === "number") return numberIn(input.value)
  if (input.type === "datetime-local") return worldTime(input.value)
  if (saysUnknown(input)) return { true: true, false: false }[input.value] ?? null
  return input.type === "date" ? input.value || null : input.value
}

/** @param {Input} input @returns {string[]} what a form sends of it */
function sentBy(input) {
  if (input instanceof HTMLSelectElement) return [...input.selectedOptions].map(({ value }) => value)
  const isChosen = !["checkbox", "radio"].includes(input.type) || /** @type {HTMLInputElement} */ (input).checked
  return isChosen ? [input.value] : []
}

/** @param {string} text @returns {number | string | null} a long one as text, in which no digit is lost */
function numberIn(text) {
  if (text === "") return null
  return text.replace(/\D/g, "").length > EXACT_DIGITS ? text : Number(text)
}

/** @param {Input} input may be Django's choice between unknown, yes and no */
function saysUnknown(input) {
  const options = input instanceof HTMLSelectElement ? [...input.options].map(({ value }) => value) : []
  return ["unknown", "true", "false"].every((value) => options.includes(value))
}

/** @param {Input} input @param {unknown} value from another client: it may be anything */
function write(input, value) {
  if (input.type === "checkbox") {
    const box = /** @type {HTMLInputElement} */ (input)
    box.checked = value === true
    return
  }
  const words = wordsFor(value)
  if (input.type === "radio") {
    const choice = /** @type {HTMLInputElement} */ (input)
    choice.checked = words.includes(choice.value)
  } else if (input instanceof HTMLSelectElement) {
    input.value = words.find((word) => [...input.options].some((option) => option.value === word)) ?? ""
  } else {
    const text = textFor(input, words[0])
    if (input.value !== text) input.value = text // or the caret would jump
  }
}

/** @param {Input} input @param {string} word @returns {string} a time as exact as the input takes it */
function textFor(input, word) {
  if (input.type === "time") return word.slice(0, "hh:mm:ss.sss".length)
  if (input.type !== "datetime-local") return word
  const isToTheMinute = Number(input.getAttribute("step")) % 60 === 0 // also where there is none
  return localTime(word).slice(0, (isToTheMinute ? "yyyy-mm-ddThh:mm" : "yyyy-mm-ddThh:mm:ss").length)
}

/** @param {unknown} value @returns {string[]} what an input or option may say for it */
function wordsFor(value) {
  if (typeof value === "boolean") return value ? ["true", "True"] : ["false", "False"]
  if (["string", "number", "bigint"].includes(typeof value)) return [String(value)] // a long number comes as a bigint
  return ["", "unknown"]
}

/** @param {string} text a time of this browser's zone @returns {string | null} of any, as ISO 8601 has it */
function worldTime(text) {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}

/** @param {string} text a time of any zone, as ISO 8601 has it @returns {string} in this browser's */
function localTime(text) {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()) || Math.abs(time.getUTCFullYear()) > 9998) return ""
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString()
}
