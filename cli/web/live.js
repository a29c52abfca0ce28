'use strict';

const state = document.getElementById('state');
const address = document.currentScript.dataset.events;
let source;

// Make an element like another one, in place: who has the focus, or is about to press a button, keeps it.
function follow(old, made) {
  if (old.nodeType !== made.nodeType || old.nodeName !== made.nodeName || old.id !== made.id) {
    old.replaceWith(made);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== made.data) old.data = made.data;
    return;
  }
  for (const {name} of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const {name, value} of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const before = [...old.childNodes];
  const now = [...made.childNodes];
  now.forEach((node, i) => (i < before.length ? follow(before[i], node) : old.append(node)));
  before.slice(now.length).forEach((node) => node.remove());
}

function listen() {
  source = new EventSource(address);
  source.onmessage = (event) => {
    const made = new DOMParser().parseFromString(event.data, 'text/html');
    follow(document.getElementById('live'), made.getElementById('live'));
    state.textContent = '';
    document.body.dataset.moves = 'yes';
  };
  source.onerror = () => {
    state.textContent = source.readyState === EventSource.CLOSED ? 'It moves no longer: reload the page.' : 'The server has gone. Trying again ...';
  };
  source.addEventListener('end', () => {
    source.close();
    document.removeEventListener('visibilitychange', attend);
  });
}

// Who does not look costs nothing.
function attend() {
  source.close();
  if (!document.hidden) listen();
}

document.addEventListener('visibilitychange', attend);
listen();
