// Sends what a person does to the server, and does what only a browser can: focus, dialogs, files, the clipboard.
// Gradio runs this once, with `element` (our empty HTML component) and `trigger` (which sends an event to app.py).

const needed = ['#aside', '#main', '#side', '#news', '#list', '#links', '#past', '#current', '#place', '#file', '#question textarea'];
const frame = document.querySelector('.gradio-container');
const find = selector => frame.querySelector(selector);
const act = (name, sent) => trigger('click', { do: name, sent });
const phone = matchMedia('(max-width: 60rem)');
const mouse = matchMedia('(pointer: fine)');
const narrow = matchMedia('(max-width: 75rem)');  // the panel covers the conversation

element.innerHTML = `
  <div id="live" class="unseen" role="log" aria-live="polite"></div>
  <div id="peek" role="tooltip" hidden></div>
  <dialog id="sure" aria-labelledby="sure-line"><form method="dialog"><p id="sure-line"></p><input id="sure-text" maxlength="80" aria-labelledby="sure-line">
    <div class="after"><button type="button" class="tool" id="sure-no">Cancel</button>
    <button value="yes" class="tool primary" id="sure-yes"></button></div></form></dialog>`;
document.documentElement.lang ||= 'en';

function start() {
  setLandmarks();
  find('#question textarea').dir = 'auto';
  find('#main').append(peek);
  narrow.addEventListener('change', disableCovered);
  watchAll();
  setTextSize(readTextSize());
  if (mouse.matches) find('#question textarea').focus();  // a phone would show its keyboard
  act('arrive', { id: new URLSearchParams(location.search).get('c') ?? '', length: localStorage.getItem('length') ?? '' });
}

// Landmarks: Gradio's columns have no roles.
const landmarks = [['#aside', 'navigation', 'Conversations and places'], ['#main', 'main', ''], ['#side', 'complementary', 'Source']];

function setLandmarks() {
  find('#frame').closest('main')?.setAttribute('role', 'none');  // Gradio's own, around everything
  for (const [selector, role, name] of landmarks) {
    find(selector).setAttribute('role', role);
    if (name) find(selector).setAttribute('aria-label', name);
    find(selector).tabIndex = -1;
  }
}

// Acts. A button may first ask whether the person is sure (`data-sure`), or for a text (`data-prompt`).

const dialog = element.querySelector('#sure');
dialog.querySelector('#sure-no').addEventListener('click', () => dialog.close('no'));
let settle = () => {};  // gives what the dialog was closed with to whoever waits for it
// The event comes after the dialog is closed; by then it may have been opened again, for another act.
dialog.addEventListener('close', () => dialog.open || settle());

// The text that was asked for, in an object, which is empty if none was; null if the person cancels.
async function askFirst({ sure, prompt, verb, given }) {
  if (!sure && !prompt) return {};
  settle();
  const text = dialog.querySelector('#sure-text');
  dialog.querySelector('#sure-line').textContent = sure ?? prompt;
  dialog.querySelector('#sure-yes').textContent = verb ?? 'Save';
  dialog.querySelector('#sure-yes').classList.toggle('danger', /^(Delete|Take out)/.test(verb ?? ''));
  text.hidden = !prompt;
  text.required = Boolean(prompt);
  text.value = given ?? '';
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise(done => {
    settle = () => done(dialog.returnValue !== 'yes' ? null : prompt ? { text: text.value } : {});
  });
}

async function carryOut(name, data, more = {}) {
  const given = await askFirst(data);
  if (given === null) return false;
  const { do: _, change, sure, prompt, verb, given: __, peek, ...sent } = data;
  act(name, { ...sent, ...given, ...more });
  return true;
}

let opener = '', panelShown = false;  // the id of what opened the panel, which gets the focus back

document.addEventListener('click', event => {
  if (event.target === find('#frame') && narrow.matches && find('#side .panel')) act('shut', {});
  const on = event.target.closest('[data-do], [data-ask], [data-again], [data-copy], [data-menu], [data-told]');
  if (!on || on.tagName === 'FORM') return;
  const data = { ...on.dataset };
  if (data.ask !== undefined) trigger('submit', { question: data.ask });
  else if (data.again !== undefined) trigger('retry', {});
  else if (data.copy !== undefined) copy(on, data.copy);
  else if (data.menu !== undefined) toggleMenu(data.menu === 'open');
  else if (data.told !== undefined) find('#told .told').remove();
  else {
    if (['source', 'offline'].includes(data.do)) [opener, panelShown] = [on.id, false];
    if (data.do === 'read') [opener, find('#main').inert] = ['', false];
    if (data.do === 'edit') setTimeout(() => find('#question textarea').focus(), 100);
    carryOut(data.do, data);
  }
  if (phone.matches && on.closest('#aside') && !['rename', 'delete'].includes(data.do) && data.menu === undefined) toggleMenu(false);
});

document.addEventListener('submit', event => {
  const form = event.target.closest('form[data-do], form[data-check]');
  if (!form) return;
  event.preventDefault();
  if (form.dataset.check) return trigger('input', { text: new FormData(form).get('text') });
  act(form.dataset.do, { ...form.dataset, ...Object.fromEntries(new FormData(form)) });
});

document.addEventListener('change', async event => {
  const on = event.target;
  if (on.dataset.import) {
    const [file] = on.files;
    if (file) act('import', { text: await file.text() });
    on.value = '';
  } else if (on.dataset.size) {
    setTextSize(on.value);
  } else if (on.dataset.change) {
    const value = on.type === 'checkbox' ? String(on.checked) : on.value;
    const before = [...(on.options ?? [])].find(option => option.defaultSelected);
    if (on.dataset.field === 'length') localStorage.setItem('length', on.value);  // kept in this browser
    if (!await carryOut(on.dataset.change, { ...on.dataset }, { value }) && before) on.value = before.value;
  }
});

let typing = 0;
document.addEventListener('input', event => {
  const on = event.target;
  const typed = on.dataset.type && (() => act(on.dataset.type, { text: on.value }));
  const noted = on.dataset.field === 'note' && (() => carryOut(on.dataset.change, { ...on.dataset }, { value: on.value }));
  if (!typed && !noted) return;
  if (noted) fitHeight(on);
  clearTimeout(typing);
  typing = setTimeout(typed || noted, typed ? 200 : 800);
});

document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || dialog.open) return;
  if (!peek.hidden) peek.hidden = true;
  else if (find('#aside').classList.contains('open')) toggleMenu(false);
  else if (find('#side .panel')) act('shut', {});
});

async function copy(on, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // browsers give no clipboard to a page at a plain http address of another computer
    const held = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(held);
    held.select();
    document.execCommand('copy');
    held.remove();
  }
  on.textContent = 'Copied';
  announce('Copied.');
  setTimeout(() => { on.textContent = 'Copy'; }, 2000);
}

// What a drawer covers cannot be reached.

function disableCovered() {
  const panel = narrow.matches && find('#side .panel');
  find('#main').inert = find('#aside').classList.contains('open') || Boolean(panel);
}

// The list, a drawer on a phone

function toggleMenu(open) {
  const aside = find('#aside');
  aside.classList.toggle('open', open);
  disableCovered();
  find('#menu')?.setAttribute('aria-expanded', String(open));
  (open ? find('#close-menu') : find('#menu'))?.focus();
}

// A tooltip with the sentences that a citation stands for

const peek = element.querySelector('#peek');
for (const kind of ['mouseover', 'focusin']) {
  document.addEventListener(kind, event => {
    const chip = event.target.closest?.('[data-peek]');
    if (!chip || !chip.dataset.peek) {
      if (!event.target.closest?.('#peek')) peek.hidden = true;
      return;
    }
    showPeek(chip);
  });
}
addEventListener('resize', () => { peek.hidden = true; });
addEventListener('scroll', () => {
  // A chip that gets the focus is scrolled into view: its tooltip goes with it.
  const chip = document.activeElement?.closest('[data-peek]:focus-visible');
  if (chip && !peek.hidden) showPeek(chip);
  else peek.hidden = true;
}, { capture: true, passive: true });

function showPeek(chip) {
  peek.textContent = chip.dataset.peek;
  peek.hidden = false;
  chip.setAttribute('aria-describedby', 'peek');
  const at = chip.getBoundingClientRect(), size = peek.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left + at.width / 2 - size.width / 2, innerWidth - size.width - 8));
  peek.style.left = `${left}px`;
  peek.style.top = `${at.top > size.height + 16 ? at.top - size.height - 8 : at.bottom + 8}px`;
}

// A screen reader announces each new sentence once.

const live = element.querySelector('#live');
let announced = 0, announcing = false;

function announce(line) {
  live.append(Object.assign(document.createElement('p'), { textContent: line }));
  if (live.children.length > 20) live.firstChild.remove();
}

function announceAnswer() {
  const turn = find('#current .turn');
  if (!turn) return;
  const said = [...turn.querySelectorAll('.concern summary, .lead, .said:not(.nearest ~ .steps .said), .care > p, .not-covered > p, .notice')];
  const state = turn.querySelector('.state')?.textContent;
  if (!said.length) announced = 0;
  if (state) announcing = true;
  if (!announcing) return;  // this conversation was opened, not written just now
  if (state && !said.length && live.lastChild?.textContent !== state) announce(state);
  for (const one of said.slice(announced)) {
    const words = one.cloneNode(true);
    for (const chip of words.querySelectorAll('button')) chip.remove();
    announce(words.textContent.trim());
  }
  announced = Math.max(announced, said.length);
  if (!state) [announcing, announced] = [false, 0];
}

// While an answer is written, its question stays at the top of the view until the person scrolls.

let following = false;
for (const kind of ['wheel', 'touchmove']) addEventListener(kind, () => { following = false; }, { passive: true });

function scrollToTurn() {
  const turn = find('#current .turn');
  if (!turn) return;
  const busy = turn.querySelector('.state');
  if (busy && !turn.querySelector('.said')) following = true;
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  if (following) turn.scrollIntoView({ block: 'start', behavior });
  if (!busy) following = false;
}

// What had the focus gets it back after it was drawn again.

let last = null;
document.addEventListener('focusin', event => { last = event.target; });

function refocus() {
  if (document.activeElement !== document.body || !last || last.isConnected) return;
  const again = last.id && document.getElementById(last.id);
  const box = mouse.matches && find('#question textarea');
  (again || (box && box.checkVisibility() ? box : find('#main'))).focus({ preventScroll: true });
}

// A quiet line that was opened stays open while its answer grows.

const unfolded = new Set();
document.addEventListener('toggle', event => {
  const id = event.target.querySelector('summary')?.id;
  if (id) unfolded[event.target.open ? 'add' : 'delete'](id);
}, true);

function unfold() {
  for (const line of document.querySelectorAll('.concern:not([open])')) line.open = unfolded.has(line.firstChild.id);
}

function observe(selector, update) {
  // Attributes too, since Gradio may change one and leave the rest as it is.
  const changes = { childList: true, subtree: true, attributeFilter: ['data-open', 'data-stale', 'data-here'] };
  new MutationObserver(() => { update(find(selector)); unfold(); refocus(); }).observe(find(selector), changes);
}

let heading = '', told = '';  // of the screen that is open: its heading with what it shows, and what was announced

function watchAll() {
  observe('#current', () => { announceAnswer(); scrollToTurn(); });
  observe('#past', () => {});
  observe('#news', news => { if (news.querySelector('[data-stale]')) act('looked', {}); });
  observe('#list', () => {});
  observe('#links', links => {
    const here = links.querySelector('[data-open]')?.dataset.open ?? '';
    const url = new URL(location);
    here ? url.searchParams.set('c', here) : url.searchParams.delete('c');
    history.replaceState(null, '', url);
  });
  observe('#place', place => {
    find('#main').classList.toggle('away', Boolean(place.querySelector('h2')));  // the hidden chat must take no focus
    const here = place.querySelector('[data-here]'), title = place.querySelector('h2');
    const body = place.querySelector('.reading, .found')?.textContent.slice(0, 300) ?? '';
    const now = title ? title.textContent + (here?.textContent ?? body) : '';
    const again = last?.id && place.querySelector(`#${CSS.escape(last.id)}`);
    if (title && now !== heading && !again && !place.contains(document.activeElement)) {
      (here ?? title).focus({ preventScroll: true });
      here ? here.scrollIntoView({ block: 'center' }) : scrollTo(0, 0);
    }
    heading = now;
    const found = place.querySelector('[data-announce]')?.textContent ?? '';
    if (found && found !== told) announce(found);
    told = found;
    for (const radio of place.querySelectorAll('[data-size]')) radio.checked = radio.value === readTextSize();
    for (const box of place.querySelectorAll('textarea')) fitHeight(box);
  });
  observe('#side', side => {
    const panel = side.querySelector('.panel');
    find('#frame').classList.toggle('beside', Boolean(panel));
    disableCovered();
    if (panel && !panelShown) {
      panel.querySelector('.here')?.scrollIntoView({ block: 'center' });
      panel.querySelector('h2').focus({ preventScroll: true });
    } else if (!panel && panelShown && document.activeElement === document.body) {  // not if the person types elsewhere already
      document.getElementById(opener)?.focus({ preventScroll: true });
    }
    panelShown = Boolean(panel);
  });
  observe('#file', place => {
    const file = place.querySelector('[data-download]');
    if (!file) return;
    // A text area turns CRLF into LF; calendar files need CRLF.
    const text = file.dataset.media === 'text/calendar' ? file.value.replaceAll('\n', '\r\n') : file.value;
    const url = URL.createObjectURL(new Blob([text], { type: `${file.dataset.media};charset=utf-8` }));
    Object.assign(document.createElement('a'), { href: url, download: file.dataset.download }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    file.remove();
  });
}

function fitHeight(box) {
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight + 2}px`;
}

// The text size is kept in this browser.

function readTextSize() {
  return localStorage.getItem('text-size') ?? '100';
}

function setTextSize(percent) {
  localStorage.setItem('text-size', percent);
  document.documentElement.style.fontSize = percent === '100' ? '' : `${percent}%`;
}

// Gradio mounts its components in no fixed order: wait for all that are needed.
(function begin() {
  needed.every(find) ? start() : setTimeout(begin, 20);
})();
