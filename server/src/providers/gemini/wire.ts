/** The parts of Google's generateContent wire that the house reads or writes; the rest travels as it came. */
import type { Json } from '../shape.ts';

/** One piece of a content: `text`, `inlineData`, `functionCall` and so on, told apart by the member that is there. It never has a `type`. */
export type Part = Json;

export interface Content {
  role: 'user' | 'model';
  parts: Part[];
}

/** What stands where a call of Gemini 3 has lost its signature; documented for histories that another model wrote (ai.google.dev, thought signatures). */
export const lostSignature = 'skip_thought_signature_validator';

/** Bounds of this wire (ai.google.dev, GenerationConfig). */
export const stopSequencesMax = 5;
export const candidatesMax = 8;
export const topLogprobsMax = 20;

/**
 * Fields that a caller of the house's wire may say in Google's own words, in either spelling, and what they are called on the
 * wire. `cachedContent` is not among them: a budget is reserved by the bytes of a request, and what was cached is not in them.
 */
export const nativeFields: Readonly<Record<string, string>> = {
  safety_settings: 'safetySettings',
  safetySettings: 'safetySettings',
};

/** The same for the ones that belong into `generationConfig`. */
export const nativeConfig: Readonly<Record<string, string>> = {
  thinking_config: 'thinkingConfig',
  thinkingConfig: 'thinkingConfig',
  media_resolution: 'mediaResolution',
  mediaResolution: 'mediaResolution',
  response_modalities: 'responseModalities',
  responseModalities: 'responseModalities',
  speech_config: 'speechConfig',
  speechConfig: 'speechConfig',
  image_config: 'imageConfig',
  imageConfig: 'imageConfig',
};

export type ThinkingLevel = 'minimal' | 'low' | 'medium' | 'high';

/** How a model is told how much to think: by a level, by a number of tokens, or not at all. */
export type Thinking =
  | { kind: 'level'; levels: readonly ThinkingLevel[] }
  | { kind: 'budget'; min: number; max: number; mayBeOff: boolean }
  | { kind: 'none' };

/** What a model of this maker is able to do, read from its id. */
export interface ModelTraits {
  thinking: Thinking;
  /** Takes whole JSON Schema; older ones know a part of it in a spelling of their own. */
  hasJsonSchema: boolean;
  /** Answers in a given form although it may call functions too. */
  hasFormWithTools: boolean;
  /** Refuses calls of its history without a signature, and takes media inside a function's result. */
  isSigned: boolean;
  /** Takes instructions apart from the conversation. */
  hasInstructions: boolean;
  temperatureMax: number;
}

/** `gemini-2.5-flash` is 2.5, `gemini-flash-latest` and every unknown name count as current, `gemini-pro` was the first of all. */
function generationOf(name: string): { family: string; version: number } {
  const family = /^(?:gemma|learnlm)/.exec(name)?.[0] ?? 'gemini';
  const numbered = /^[a-z]+-(?:[a-z]+-)*?(\d{1,2}(?:\.\d{1,2})?)(?![\d.]*b\b)(?!\d)/.exec(name);
  if (numbered) return { family, version: Number(numbered[1]) };
  return { family, version: name === 'gemini-pro' || name === 'gemini-pro-vision' ? 1 : 3 };
}

function thinkingOf(name: string, version: number): Thinking {
  const isFlash = name.includes('flash');
  if (version >= 3) {
    if (isFlash || !name.includes('pro')) return { kind: 'level', levels: ['minimal', 'low', 'medium', 'high'] };
    return { kind: 'level', levels: version > 3 ? ['low', 'medium', 'high'] : ['low', 'high'] };
  }
  if (version < 2.5) return { kind: 'none' };
  if (name.includes('flash-lite')) return { kind: 'budget', min: 512, max: 24_576, mayBeOff: true };
  return isFlash ? { kind: 'budget', min: 1, max: 24_576, mayBeOff: true } : { kind: 'budget', min: 128, max: 32_768, mayBeOff: false };
}

export function traitsOf(model: string): ModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const { family, version } = generationOf(name);
  const isGemini = family === 'gemini';
  return {
    thinking: isGemini ? thinkingOf(name, version) : { kind: 'none' },
    hasJsonSchema: isGemini && version >= 2.5,
    hasFormWithTools: isGemini && version >= 3,
    isSigned: isGemini && version >= 3,
    hasInstructions: isGemini ? version > 1 : version > 3,
    temperatureMax: isGemini && version === 1 ? 1 : 2,
  };
}
