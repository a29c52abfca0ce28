'use strict';

const lines = document.getElementById('lines');
const words = document.getElementById('words');
const button = document.querySelector('#say button');
const state = document.getElementById('state');
const me = document.querySelector('.who .name').textContent;
let socket;
let wait = 500;

/* What people say becomes text, never HTML. */
function element(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function showLine(message) {
  const line = element('li', message.text);
  line.prepend(element('strong', message.name));
  if (message.name === me) line.className = 'mine';
  lines.append(line);
  lines.scrollTop = lines.scrollHeight;
}

function setOpen(isOpen, text) {
  words.disabled = button.disabled = !isOpen;
  state.textContent = text;
}

function connect() {
  socket = new WebSocket(location.origin.replace('http', 'ws') + '/chat/socket');
  socket.onopen = () => {
    lines.replaceChildren(); // the server tells what was said last
    wait = 500;
    setOpen(true, 'Connected.');
    words.focus();
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.people) document.getElementById('people').replaceChildren(...message.people.map((name) => element('li', name)));
    else showLine(message);
  };
  socket.onclose = (event) => {
    setOpen(false, (event.reason || 'The connection is lost.') + ' Trying again …');
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 15000);
  };
}

document.getElementById('say').onsubmit = (event) => {
  event.preventDefault();
  if (words.value.trim() === '') return;
  socket.send(words.value);
  words.value = '';
};

connect();
