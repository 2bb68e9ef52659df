/** Fields of the wires that only providers speak: which of them a translation can write, and which nobody can ask for here. */

/** `never`: kept back on purpose, or of no use to a gateway; a caller that says it in the house's wire is told that it was dropped. */
export type Reach = 'said' | 'never';

const said = (...names: string[]): [string, Reach][] => names.map((name) => [name, 'said']);
const never = (...names: string[]): [string, Reach][] => names.map((name) => [name, 'never']);

/** generateContent (ai.google.dev, GenerateContentRequest and GenerationConfig), in the spelling of Google's own library. */
export const geminiFields: ReadonlyMap<string, Reach> = new Map([
  ...said('model', 'contents', 'systemInstruction', 'tools', 'toolConfig', 'safetySettings'),
  ...said(
    'temperature',
    'topP',
    'topK',
    'candidateCount',
    'maxOutputTokens',
    'stopSequences',
    'seed',
    'presencePenalty',
    'frequencyPenalty',
  ),
  ...said('responseLogprobs', 'logprobs', 'responseMimeType', 'responseSchema', 'responseJsonSchema', 'thinkingConfig'),
  ...said('responseModalities', 'mediaResolution', 'speechConfig', 'imageConfig'),
  // What was cached is not in the bytes that a budget is reserved by, and other tiers have other prices than the book knows.
  ...never('cachedContent', 'serviceTier'),
  ...never('routingConfig', 'modelSelectionConfig', 'labels', 'audioTimestamp', 'audioTranscriptionConfig', 'enableEnhancedCivicAnswers'),
  ...never('modelArmorConfig', 'continuationToken', 'automaticContinuation', 'generationOutputConfig', 'store'),
  // Of the library and not of the wire.
  ...never('httpOptions', 'abortSignal', 'automaticFunctionCalling'),
]);

/** POST /api/chat (docs.ollama.com); the options of a run keep their names. */
export const ollamaFields: ReadonlyMap<string, Reach> = new Map(
  said('model', 'messages', 'stream', 'format', 'keep_alive', 'tools', 'think', 'logprobs', 'top_logprobs', 'options'),
);

/** Converse (docs.aws.amazon.com, Amazon Bedrock Runtime). The model stands in the path. */
export const bedrockFields: ReadonlyMap<string, Reach> = new Map([
  ...said('messages', 'system', 'inferenceConfig', 'toolConfig', 'outputConfig', 'guardrailConfig', 'requestMetadata'),
  ...said('additionalModelRequestFields', 'additionalModelResponseFieldPaths'),
  ...never('promptVariables', 'performanceConfig', 'serviceTier'),
]);
