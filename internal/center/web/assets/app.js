// The pages work without this, but for passkeys and copying.
"use strict";

// Copy buttons: each copies the text of the element that it names.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.querySelector("[data-label]");
  const before = label.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      label.textContent = button.dataset.done;
      button.classList.add("done");
    } catch {
      label.textContent = button.dataset.failed;
    }
    setTimeout(() => {
      label.textContent = before;
      button.classList.remove("done");
    }, 2000);
  });
}

// Passkey forms: the browser asks the passkey, the form carries its answer.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const known = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON && PublicKeyCredential.parseCreationOptionsFromJSON;
  for (const e of document.querySelectorAll(known ? "[data-with-passkeys]" : "[data-without-passkeys]")) e.hidden = false;
  if (!known) break;
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.answer.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      failed.hidden = false; // cancelled, timed out, or the wrong one: the browser has said more
    }
  });
}

// The search of accounts: what is on the page is sifted at once, the rest comes from the center.
const search = document.getElementById("q");
if (search) {
  const fold = (s) => s.toLowerCase().normalize("NFKC");
  let timer, asked = 0;
  const sift = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    for (const item of document.querySelectorAll("#accounts [data-find]")) {
      const text = fold(item.dataset.find);
      item.hidden = !words.every((word) => text.includes(word));
    }
  };
  const ask = async () => {
    const mine = ++asked;
    const url = search.value.trim() ? "/start?" + new URLSearchParams({ q: search.value }) : "/start";
    try {
      const answer = await fetch(url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const accounts = page.getElementById("accounts");
      if (mine !== asked || !accounts) return;
      document.getElementById("accounts").replaceWith(document.adoptNode(accounts));
      history.replaceState(null, "", url);
    } catch {
      // no network: what is on the page has been sifted
    }
  };
  search.addEventListener("input", () => {
    sift();
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
}

// Asks once more before something that cannot be undone.
for (const button of document.querySelectorAll("button[data-ask]")) {
  button.addEventListener("click", (event) => {
    if (!confirm(button.dataset.ask)) event.preventDefault();
  });
}
