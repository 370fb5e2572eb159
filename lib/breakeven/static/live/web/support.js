// What a browser must have, each with the sentence for one that has it not.

// The smallest module with exception handling: (module (tag)).
const EXCEPTIONS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 13, 3, 1, 0, 0];

export const NO_SERVICE = "This browser, or its private window, allows no service worker";
export const AS_IT_IS = "the dashboard cannot run in this tab. The page itself stays as it is.";

// Where sites may keep nothing, some browsers have no such thing, and some refuse to name it.
export function services() {
  try {
    const found = navigator.serviceWorker;
    return typeof found?.register === "function" ? found : null;
  } catch {
    return null;
  }
}

export function cannot() {
  const needs = [
    [window.isSecureContext, "The page must come over https, or from this machine itself"],
    [services(), NO_SERVICE],
    [typeof WebAssembly === "object", "This browser has no WebAssembly, or its policy forbids it"],
    [typeof DecompressionStream === "function", "This browser cannot unpack gzip; one from 2023 or later can"],
    [
      typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(EXCEPTIONS)),
      "This browser's WebAssembly has no exceptions; one from 2022 or later has",
    ],
  ];
  const missing = needs.find(([there]) => !there);
  return missing ? `${missing[1]}: ${AS_IT_IS}` : "";
}
