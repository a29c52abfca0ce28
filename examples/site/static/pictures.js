'use strict';

/* Without this the form works all the same, and shows no progress. */
const form = document.getElementById('upload');

if (form) {
  const bar = form.querySelector('progress');
  const fault = form.querySelector('.fault');
  const button = form.querySelector('button');

  const complain = (text) => {
    fault.textContent = text;
    bar.hidden = true;
    button.disabled = false;
  };

  form.onsubmit = (event) => {
    event.preventDefault();
    fault.textContent = '';
    if (form.picture.files[0].size > Number(form.dataset.most)) {
      complain('A picture may have 8 MiB at most.');
      return;
    }
    const request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = (sent) => {
      bar.hidden = false;
      bar.value = sent.loaded / sent.total;
    };
    request.onerror = () => complain('The connection was lost on the way.');
    request.onload = () => {
      if (request.status < 400) location.reload();
      else complain(JSON.parse(request.response).error);
    };
    button.disabled = true;
    request.send(new FormData(form));
  };
}
