// Sends what a person does to the page's acts, and does what only a browser can: focus, dialogs, files, the clipboard.
// Gradio runs this once, with `element` (an empty place of ours) and `trigger` (which sends an event to app.py).

const placed = ['#aside', '#main', '#side', '#news', '#list', '#links', '#past', '#current', '#place', '#file', '#question textarea'];
const frame = document.querySelector('.gradio-container');
const find = selector => frame.querySelector(selector);
const act = (name, sent) => trigger('click', { do: name, sent });
const phone = matchMedia('(max-width: 60rem)');
const fine = matchMedia('(pointer: fine)');
const over = matchMedia('(max-width: 75rem)');  // a source comes over the conversation

element.innerHTML = `
  <div id="live" class="unseen" role="log" aria-live="polite"></div>
  <div id="peek" role="tooltip" hidden></div>
  <dialog id="sure" aria-labelledby="sure-line"><form method="dialog"><p id="sure-line"></p><input id="sure-text" maxlength="80" aria-labelledby="sure-line">
    <div class="after"><button type="button" class="tool" id="sure-no">Cancel</button>
    <button value="yes" class="tool primary" id="sure-yes"></button></div></form></dialog>`;
document.documentElement.lang ||= 'en';

function start() {
  mark();
  find('#question textarea').dir = 'auto';
  find('#main').append(peek);
  over.addEventListener('change', cover);
  watchAll();
  resize(size());
  if (fine.matches) find('#question textarea').focus();  // a phone would show its keyboard
  act('arrive', { id: new URLSearchParams(location.search).get('c') ?? '' });
}

// Landmarks: Gradio's columns have no meaning of their own.
const landmarks = [['#aside', 'navigation', 'Conversations and places'], ['#main', 'main', ''], ['#side', 'complementary', 'Source']];

function mark() {
  find('#frame').closest('main')?.setAttribute('role', 'none');  // Gradio's own, round everything
  for (const [selector, role, name] of landmarks) {
    find(selector).setAttribute('role', role);
    if (name) find(selector).setAttribute('aria-label', name);
    find(selector).tabIndex = -1;
  }
}

// Acts. A button may first ask whether the person is sure (`data-sure`), or for a text (`data-prompt`).

const dialog = element.querySelector('#sure');
dialog.querySelector('#sure-no').addEventListener('click', () => dialog.close('no'));

async function agreed({ sure, prompt, verb, given }) {
  if (!sure && !prompt) return {};
  const text = dialog.querySelector('#sure-text');
  dialog.querySelector('#sure-line').textContent = sure ?? prompt;
  dialog.querySelector('#sure-yes').textContent = verb ?? 'Save';
  dialog.querySelector('#sure-yes').classList.toggle('danger', /^(Delete|Take out)/.test(verb ?? ''));
  text.hidden = !prompt;
  text.required = Boolean(prompt);
  text.value = given ?? '';
  dialog.returnValue = 'no';
  dialog.showModal();
  await new Promise(done => dialog.addEventListener('close', done, { once: true }));
  if (dialog.returnValue !== 'yes') return null;
  return prompt ? { text: text.value } : {};
}

async function carryOut(name, data, more = {}) {
  const given = await agreed(data);
  if (given === null) return false;
  const { do: _, change, sure, prompt, verb, given: __, peek, ...sent } = data;
  act(name, { ...sent, ...given, ...more });
  return true;
}

let opener = '', beside = false;  // what opened the source at the side: the focus goes back there

document.addEventListener('click', event => {
  if (event.target === find('#frame') && over.matches && find('#side .panel')) act('shut', {});
  const on = event.target.closest('[data-do], [data-ask], [data-again], [data-copy], [data-menu], [data-told]');
  if (!on || on.tagName === 'FORM') return;
  const data = { ...on.dataset };
  if (data.ask !== undefined) trigger('submit', { question: data.ask });
  else if (data.again !== undefined) trigger('retry', {});
  else if (data.copy !== undefined) copy(on, data.copy);
  else if (data.menu !== undefined) menu(data.menu === 'open');
  else if (data.told !== undefined) find('#told .told').remove();
  else {
    if (['source', 'offline'].includes(data.do)) [opener, beside] = [on.id, false];
    if (data.do === 'read') [opener, find('#main').inert] = ['', false];
    if (data.do === 'edit') setTimeout(() => find('#question textarea').focus(), 100);
    carryOut(data.do, data);
  }
  if (phone.matches && on.closest('#aside') && !['rename', 'delete'].includes(data.do) && data.menu === undefined) menu(false);
});

document.addEventListener('submit', event => {
  const form = event.target.closest('form[data-do]');
  if (!form) return;
  event.preventDefault();
  act(form.dataset.do, { ...form.dataset, ...Object.fromEntries(new FormData(form)) });
});

document.addEventListener('change', async event => {
  const on = event.target;
  if (on.dataset.import) {
    const [file] = on.files;
    if (file) act('import', { text: await file.text() });
    on.value = '';
  } else if (on.dataset.size) {
    resize(on.value);
  } else if (on.dataset.change) {
    const value = on.type === 'checkbox' ? String(on.checked) : on.value;
    const before = [...(on.options ?? [])].find(option => option.defaultSelected);
    if (!await carryOut(on.dataset.change, { ...on.dataset }, { value }) && before) on.value = before.value;
  }
});

let typing = 0;
document.addEventListener('input', event => {
  const on = event.target;
  const typed = on.dataset.type && (() => act(on.dataset.type, { text: on.value }));
  const noted = on.dataset.field === 'note' && (() => carryOut(on.dataset.change, { ...on.dataset }, { value: on.value }));
  if (!typed && !noted) return;
  if (noted) grow(on);
  clearTimeout(typing);
  typing = setTimeout(typed || noted, typed ? 200 : 800);
});

document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || dialog.open) return;
  if (!peek.hidden) peek.hidden = true;
  else if (find('#aside').classList.contains('open')) menu(false);
  else if (find('#side .panel')) act('shut', {});
});

async function copy(on, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // a page that is not served to this computer has no clipboard
    const held = Object.assign(document.createElement('textarea'), { value: text });
    document.body.append(held);
    held.select();
    document.execCommand('copy');
    held.remove();
  }
  on.textContent = 'Copied';
  say('Copied.');
  setTimeout(() => { on.textContent = 'Copy'; }, 2000);
}

// What lies under a drawer cannot be reached.

function cover() {
  const panel = over.matches && find('#side .panel');
  find('#main').inert = find('#aside').classList.contains('open') || Boolean(panel);
}

// The list, a drawer on a phone

function menu(open) {
  const aside = find('#aside');
  aside.classList.toggle('open', open);
  cover();
  find('#menu')?.setAttribute('aria-expanded', String(open));
  (open ? find('#close-menu') : find('#menu'))?.focus();
}

// The sentence that a citation stands for, before it is opened

const peek = element.querySelector('#peek');
for (const kind of ['mouseover', 'focusin']) {
  document.addEventListener(kind, event => {
    const chip = event.target.closest?.('[data-peek]');
    if (!chip || !chip.dataset.peek) {
      if (!event.target.closest?.('#peek')) peek.hidden = true;
      return;
    }
    peek.textContent = chip.dataset.peek;
    peek.hidden = false;
    chip.setAttribute('aria-describedby', 'peek');
    const at = chip.getBoundingClientRect(), size = peek.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left + at.width / 2 - size.width / 2, innerWidth - size.width - 8));
    peek.style.left = `${left}px`;
    peek.style.top = `${at.top > size.height + 16 ? at.top - size.height - 8 : at.bottom + 8}px`;
  });
}
addEventListener('resize', () => { peek.hidden = true; });
addEventListener('scroll', () => { peek.hidden = true; }, { capture: true, passive: true });

// New sentences are said to who hears the page; each once.

const live = element.querySelector('#live');
let heard = 0, hearing = false;

function say(line) {
  live.append(Object.assign(document.createElement('p'), { textContent: line }));
  if (live.children.length > 20) live.firstChild.remove();
}

function hear() {
  const turn = find('#current .turn');
  if (!turn) return;
  const said = [...turn.querySelectorAll('.said, .care > p, .not-covered > p, .notice')];
  const state = turn.querySelector('.state')?.textContent;
  if (!said.length) heard = 0;
  if (state) hearing = true;
  if (!hearing) return;  // a conversation that was opened, and not written now
  if (state && !said.length && live.lastChild?.textContent !== state) say(state);
  for (const one of said.slice(heard)) {
    const words = one.cloneNode(true);
    for (const chip of words.querySelectorAll('button')) chip.remove();
    say(words.textContent.trim());
  }
  heard = Math.max(heard, said.length);
  if (!state) [hearing, heard] = [false, 0];
}

// The question stays in view, with as much of its answer as fits below, until the person scrolls.

let following = false;
for (const kind of ['wheel', 'touchmove']) addEventListener(kind, () => { following = false; }, { passive: true });

function follow() {
  const turn = find('#current .turn');
  if (!turn) return;
  const busy = turn.querySelector('.state');
  if (busy && !turn.querySelector('.said')) following = true;
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  if (following) turn.scrollIntoView({ block: 'start', behavior });
  if (!busy) following = false;
}

// What is drawn anew keeps the focus, or gets it if it is a place of its own.

let last = null;
document.addEventListener('focusin', event => { last = event.target; });

function refocus() {
  if (document.activeElement !== document.body || !last || last.isConnected) return;
  const again = last.id && document.getElementById(last.id);
  const box = fine.matches && find('#question textarea');
  (again || (box && box.checkVisibility() ? box : find('#main'))).focus({ preventScroll: true });
}

function watched(selector, drawn) {
  // Gradio may change an attribute and leave the rest.
  const changes = { childList: true, subtree: true, attributeFilter: ['data-open', 'data-stale', 'data-here'] };
  new MutationObserver(() => { drawn(find(selector)); refocus(); }).observe(find(selector), changes);
}

let heading = '';

function watchAll() {
  watched('#current', () => { hear(); follow(); });
  watched('#past', () => {});
  watched('#news', news => { if (news.querySelector('[data-stale]')) act('looked', {}); });
  watched('#list', () => {});
  watched('#links', links => {
    const here = links.querySelector('[data-open]')?.dataset.open ?? '';
    const url = new URL(location);
    here ? url.searchParams.set('c', here) : url.searchParams.delete('c');
    history.replaceState(null, '', url);
  });
  watched('#place', place => {
    find('#main').classList.toggle('away', Boolean(place.querySelector('h2')));  // what is not shown takes no focus
    const here = place.querySelector('[data-here]'), title = place.querySelector('h2');
    const body = place.querySelector('.reading, .found')?.textContent.slice(0, 300) ?? '';
    const now = title ? title.textContent + (here?.textContent ?? body) : '';
    const again = last?.id && place.querySelector(`#${CSS.escape(last.id)}`);
    if (title && now !== heading && !again && !place.contains(document.activeElement)) {
      (here ?? title).focus({ preventScroll: true });
      here ? here.scrollIntoView({ block: 'center' }) : scrollTo(0, 0);
    }
    heading = now;
    for (const radio of place.querySelectorAll('[data-size]')) radio.checked = radio.value === size();
    for (const box of place.querySelectorAll('textarea')) grow(box);
  });
  watched('#side', side => {
    const panel = side.querySelector('.panel');
    find('#frame').classList.toggle('beside', Boolean(panel));
    cover();
    if (panel && !beside) {
      panel.querySelector('.here')?.scrollIntoView({ block: 'center' });
      panel.querySelector('h2').focus({ preventScroll: true });
    } else if (!panel && beside && document.activeElement === document.body) {  // who types already goes on
      document.getElementById(opener)?.focus({ preventScroll: true });
    }
    beside = Boolean(panel);
  });
  watched('#file', place => {
    const file = place.querySelector('[data-download]');
    if (!file) return;
    // A text area holds bare line feeds; calendars want both signs.
    const text = file.dataset.media === 'text/calendar' ? file.value.replaceAll('\n', '\r\n') : file.value;
    const url = URL.createObjectURL(new Blob([text], { type: `${file.dataset.media};charset=utf-8` }));
    Object.assign(document.createElement('a'), { href: url, download: file.dataset.download }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    file.remove();
  });
}

function grow(box) {
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight + 2}px`;
}

// The size of the text is this browser's own.

function size() {
  return localStorage.getItem('text-size') ?? '100';
}

function resize(percent) {
  localStorage.setItem('text-size', percent);
  document.documentElement.style.fontSize = percent === '100' ? '' : `${percent}%`;
}

// Gradio places its components in an order of its own.
(function begin() {
  placed.every(find) ? start() : setTimeout(begin, 20);
})();
