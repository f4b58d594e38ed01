// @ts-check
// My identity here: a name and a colour, friendly by default and kept in this browser. There are no accounts; people
// call themselves what they like. `?as=Ada` lends a name to one page, to show two people at once.

import { NAME_MAX_LENGTH } from "channels-yjs"

/** @import { Person } from "channels-yjs" */

const NAME_KEY = "realtime-notes.name"
const COLOR_KEY = "realtime-notes.color"

// Each has a contrast of more than 4.5 with white, the colour of the text on it.
const COLORS = ["#be123c", "#0369a1", "#4d7c0f", "#7e22ce", "#b45309", "#0f766e", "#4338ca", "#be185d"]
const ADJECTIVES = ["Bright", "Calm", "Curious", "Gentle", "Happy", "Kind", "Lively", "Patient", "Quick", "Wise"]
const ANIMALS = ["Badger", "Dolphin", "Finch", "Fox", "Hare", "Heron", "Lynx", "Otter", "Owl", "Wren"]

/** @returns {Person} */
export function loadIdentity() {
  const lent = new URLSearchParams(location.search).get("as")
  const name = tidy(lent ?? "") || load(NAME_KEY) || keep(NAME_KEY, `${pick(ADJECTIVES)} ${pick(ANIMALS)}`)
  const color = lent ? colorOf(name) : load(COLOR_KEY) || keep(COLOR_KEY, pick(COLORS))
  return { name, color }
}

/**
 * @param {Person} person
 * @param {string} name
 * @returns {Person}
 */
export function rename(person, name) {
  const tidied = tidy(name) || person.name
  if (!new URLSearchParams(location.search).has("as")) keep(NAME_KEY, tidied)
  return { ...person, name: tidied }
}

/** @param {string} name */
function tidy(name) {
  return [...name.trim()].slice(0, NAME_MAX_LENGTH).join("") // half an emoji is no text
}

/** @param {string} name the same name has the same colour everywhere */
function colorOf(name) {
  let sum = 0
  for (const character of name) sum += character.codePointAt(0) ?? 0
  return COLORS[sum % COLORS.length]
}

/**
 * @template T
 * @param {T[]} list
 */
function pick(list) {
  return list[Math.floor(Math.random() * list.length)]
}

/** @param {string} key */
function load(key) {
  try {
    return localStorage.getItem(key)
  } catch {
    return null // storage is switched off: then a name lasts as long as its page
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function keep(key, value) {
  try {
    localStorage.setItem(key, value)
  } catch {
    // storage is switched off
  }
  return value
}
