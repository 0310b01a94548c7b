// What a desk hears without looking up: done, look here, refused.

import { ofDevice } from './notes.js'

const settingName = 'bibby-desk-sound'
/** Frequencies in hertz, one after another. */
const tones = { done: [880], attention: [660, 990, 660], refused: [220, 165] }
const toneSeconds = 0.09
let audio
/** When the last tone ends, on the clock of `audio`. */
let silentFrom = 0

/** Whether tones are wanted on this device. They are, until somebody turns them off. */
export function hasSound() {
  return ofDevice.read(settingName) !== 'off'
}

/** Turns the tones of this device on or off. */
export function setSound(isOn) {
  ofDevice.write(settingName, isOn ? 'on' : 'off')
}

/** Sounds an outcome. A browser that lets no sound out yet stays still. */
export function sound(outcome) {
  const notes = tones[outcome]
  if (!notes || !hasSound() || typeof AudioContext === 'undefined') return
  audio ??= new AudioContext()
  audio.resume().catch(() => undefined)
  silentFrom = audio.currentTime + notes.length * toneSeconds
  notes.forEach((frequency, index) => {
    const [tone, gain] = [audio.createOscillator(), audio.createGain()]
    const from = audio.currentTime + index * toneSeconds
    tone.frequency.value = frequency
    tone.type = outcome === 'refused' ? 'square' : 'sine'
    gain.gain.setValueAtTime(0.12, from)
    gain.gain.exponentialRampToValueAtTime(0.001, from + toneSeconds)
    tone.connect(gain).connect(audio.destination)
    tone.start(from)
    tone.stop(from + toneSeconds)
    tone.addEventListener('ended', rest)
  })
}

/** Silence is work too: without this a desk that has sounded once mixes it a hundred times a second, all day. */
function rest() {
  if (audio.currentTime >= silentFrom) audio.suspend().catch(() => undefined)
}
