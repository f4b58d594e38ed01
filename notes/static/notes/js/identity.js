// @ts-check
// My identity here: a name and a colour, friendly by default and kept in this browser. There are no accounts; people
// call themselves what they like. `?as=Ada` lends a name to one page, to show two people at once.

import { NAME_MAX_LENGTH } from "channels-yjs"

/** @import { Person } from "channels-yjs" */

const NAME_KEY = "realtime-notes.name"
const COLOR_KEY = "realtime-notes.color"

// Each has a contrast of more than 4.5 with white, the colour of the text on it.
const COLORS = ["#be123c", "#0369a1", "#4d7c0f", "#7e22ce", "#b45309", "#0f766e", "#4338ca", "#be185d"]
// So many that among thirty people it is unlikely that two have the same name.
const ADJECTIVES = (
  "Agile Bold Brave Bright Calm Cheerful Clever Curious Eager Fair Fearless Friendly Gentle Glad Happy Honest Jolly " +
  "Keen Kind Lively Lucky Merry Mild Neat Nimble Noble Patient Polite Proud Quick Quiet Sunny Swift Warm Witty Wise"
).split(" ")
const ANIMALS = (
  "Alpaca Badger Bear Beaver Bison Cat Cheetah Crane Cricket Deer Dolphin Dove Duck Eagle Falcon Ferret Finch Fox Frog " +
  "Gecko Goat Goose Gull Hare Hawk Hedgehog Heron Horse Ibis Jay Kestrel Koala Lark Lemur Lion Llama Lynx Magpie Marten " +
  "Mole Moose Mouse Newt Otter Owl Panda Parrot Penguin Pony Puffin Rabbit Raven Robin Salmon Seal Sheep Sparrow " +
  "Squirrel Stork Swan Swift Tiger Toad Trout Turtle Walrus Whale Wolf Wren Zebra"
).split(" ")

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
