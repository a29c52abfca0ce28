#!/usr/bin/env python3
"""`eddy serve --upload`: test_serve_upload.py EDDY [TEST...]."""
import os
import resource
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest

from serving import Answer, Serving

CHUNK = 1 << 16


def form(*files, boundary="b"):
    """The body of a form, and its header."""
    parts = b"".join(b'--%s\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n' %
                     (boundary.encode(), name if isinstance(name, bytes) else name.encode(), data) for name, data in files)
    return parts + b"--%s--\r\n" % boundary.encode(), f"Content-Type: multipart/form-data; boundary={boundary}"


class UploadTest(Serving):
    def everything(self, folder=None):
        return sorted(os.path.relpath(os.path.join(at, name), folder or self.place)
                      for at, _, names in os.walk(folder or self.place) for name in names)

    def put(self, target, body=b"new", *headers, **options):
        return self.ask("PUT", target, *headers, body=body, **options)

    def post(self, target, *files, headers=()):
        body, kind = form(*files)
        return self.ask("POST", target, kind, *headers, body=body)

    def test_put(self):
        os.mkdir(self.path("folder"))
        self.start("--upload")
        answer = self.put("/folder/a%20b.txt", b"hello")
        self.assertEqual((answer.status, self.read("folder/a b.txt")), (201, b"hello"))
        self.assertEqual(self.get("/folder/a%20b.txt").headers["etag"], answer.headers["etag"])
        self.assertEqual(self.put("/empty", b"").status, 201)
        self.assertEqual(self.read("empty"), b"")
        self.assertEqual(os.stat(self.path("empty")).st_mode & 0o111, 0)

    def test_large_and_in_chunks(self):
        self.start("--upload")
        data = os.urandom(3_000_000)
        self.assertEqual(self.put("/large", data).status, 201)
        self.assertEqual(self.read("large"), data)
        connection = self.connect()
        connection.sendall(b"PUT /chunks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(data), CHUNK):
            piece = data[at:at + CHUNK]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")
        self.assertEqual(Answer(self.read_all(connection)).status, 201)
        self.assertEqual(self.read("chunks"), data)

    def test_off_by_default(self):
        self.start()
        self.assertEqual((self.put("/a").status, self.post("/", ("a", b"x")).status), (405, 405))
        self.assertEqual(self.everything(), [])

    def test_what_may_be_done_is_told(self):
        """With uploads a router says it, without them the folder itself: both in one way."""
        for options, methods in ([], "GET, HEAD, OPTIONS"), (["--upload"], "GET, HEAD, POST, PUT, OPTIONS"):
            self.start(*options)
            for method, status in ("OPTIONS", 204), ("DELETE", 405):
                answer = self.ask(method, "/")
                self.assertEqual((answer.status, answer.headers["allow"]), (status, methods))
            self.stop()

    def test_names_that_climb(self):
        self.write("../outside.txt", b"old")
        os.symlink("..", self.path("up"))
        os.symlink("/tmp", self.path("tmp"))
        os.symlink("../outside.txt", self.path("link"))
        self.start("--upload", "--overwrite")
        for target in ("/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/a/../../outside.txt",
                       "/..%5coutside.txt", "/%5c..%5coutside.txt", "/up/outside.txt", "/tmp/eddy-outside", "/link",
                       "//..//outside.txt", "/%00", "/a%00b", "/.", "/..", "/", "/folder/"):
            answer = self.put(target)
            self.assertIn(answer.status, (400, 404, 409), target)
        for name in ("../outside.txt", "..\\outside.txt", "/etc/outside.txt", "C:\\fakepath\\outside.txt"):
            self.assertEqual(self.post("/", (name, b"new")).status, 201, name)
            self.assertEqual(self.read("outside.txt"), b"new")
            os.unlink(self.path("outside.txt"))
        for name in ("..", ".", "/", "a/..", "../"):
            self.assertEqual(self.post("/", (name, b"new")).status, 400, name)
        self.assertEqual(self.read("../outside.txt"), b"old")
        self.assertFalse(os.path.exists("/tmp/eddy-outside"))
        self.assertEqual(self.everything(self.outside), ["outside.txt", "served/link"])

    def test_names_that_are_none(self):
        self.start("--upload")
        for target, why in (("/" + "n" * 256, "longer than 255"), ("/a%ff", "UTF-8"), ("/%c0%ae", "UTF-8"),
                            ("/%ed%a0%80", "UTF-8"), ("/a%0ab", "control"), ("/a%1b%5bm", "control"),
                            ("/a%c2%85", "control"), ("/a%E2%80%AEtxt.exe", "direction"), ("/.htaccess", "hidden"),
                            ("/.git/x", "hidden"), ("/a%20", "blank"), ("/%20a", "blank"), ("/a%5cb", "backslash")):
            answer = self.put(target)
            self.assertEqual(answer.status, 400, target)
            self.assertIn(why, answer.text, target)
        for name in (b"a\xff", b".bashrc", b" x", b"x\t"):
            self.assertEqual(self.post("/", (name, b"x")).status, 400, name)
        self.assertEqual(self.everything(), [])
        for target in ("/" + "n" * 255, "/%e2%82%ac", "/100%25", "/a%23b%3Fc", "/CON", "/%F0%9F%98%80.png"):
            self.assertEqual(self.put(target).status, 201, target)
        self.assertEqual(len(self.everything()), 6)

    def test_hidden_names_where_they_are_shown(self):
        self.start("--upload", "--all")
        self.assertEqual(self.put("/.config").status, 201)

    def test_folders_that_are_not_there(self):
        self.write("file")
        self.start("--upload")
        for target in ("/none/a", "/file/a"):
            answer = self.put(target)
            self.assertEqual(answer.status, 404, target)
            self.assertIn("folder", answer.text)
        self.assertEqual(self.post("/none/", ("a", b"x")).status, 404)
        for answer in self.put("/" + "n" * 300 + "/a"), self.post("/" + "n" * 300 + "/", ("a", b"x")):
            self.assertEqual((answer.status, answer.text), (414, "a: its path is too long\n"))

    def test_collisions(self):
        self.write("a", b"old")
        os.mkdir(self.path("folder"))
        self.start("--upload")
        self.assertEqual(self.put("/a").status, 409)
        self.assertEqual(self.post("/", ("a", b"new")).status, 409)
        self.assertEqual(self.put("/folder").status, 409)
        self.assertEqual(self.read("a"), b"old")
        self.assertEqual(self.everything(), ["a"])

    def test_overwriting(self):
        self.write("a", b"old")
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("pipe"))
        os.symlink("a", self.path("link"))
        self.start("--upload", "--overwrite")
        self.assertEqual(self.put("/a").status, 204)
        self.assertEqual(self.read("a"), b"new")
        self.assertEqual(self.post("/", ("a", b"newer")).status, 201)
        self.assertEqual(self.read("a"), b"newer")
        for target in ("/folder", "/pipe", "/link"):
            self.assertEqual(self.put(target).status, 409, target)
        self.assertEqual(self.everything(), ["a", "link", "pipe"])

    def test_conditions(self):
        self.write("a", b"old")
        self.start("--upload", "--overwrite")
        etag = self.get("/a").headers["etag"]
        self.assertEqual(self.put("/a", b"new", "If-None-Match: *").status, 412)
        self.assertEqual(self.put("/a", b"new", 'If-Match: "other"').status, 412)
        self.assertEqual(self.put("/b", b"new", "If-Match: *").status, 412)
        self.assertEqual(self.everything(), ["a"])
        self.assertEqual(self.read("a"), b"old")
        self.assertEqual(self.put("/b", b"new", "If-None-Match: *").status, 201)
        answer = self.put("/a", b"new!", "If-Match: " + etag)
        self.assertEqual(answer.status, 204)
        self.assertEqual(self.put("/a", b"newer", "If-Match: " + etag).status, 412)
        self.assertEqual(self.put("/a", b"newer", "If-Match: " + answer.headers["etag"]).status, 204)

    def test_conditions_without_overwriting(self):
        self.write("a", b"old")
        self.start("--upload")
        etag = self.get("/a").headers["etag"]
        self.assertEqual(self.put("/a", b"new", "If-None-Match: *").status, 412)
        self.assertEqual(self.put("/a", b"new", "If-Match: " + etag).status, 409)

    def test_only_one_of_those_who_saw_the_same_replaces_it(self):
        self.write("a", b"old")
        self.start("--upload", "--overwrite")
        etag = self.get("/a").headers["etag"]
        uploads = [self.send("PUT", "/a", "If-Match: " + etag, body=b"%10d" % i) for i in range(20)]
        for i, upload in enumerate(uploads):
            upload.sendall(b"%10d" % i)
        statuses = [Answer(self.read_all(upload)).status for upload in uploads]
        self.assertEqual(sorted(statuses), [204] + [412] * 19)
        self.assertEqual(int(self.read("a")), statuses.index(204))

    def test_one_name_at_the_same_time(self):
        self.start("--upload")
        uploads = [self.send("PUT", "/a", body=b"%10d" % i) for i in range(20)]
        for i, upload in enumerate(uploads):
            upload.sendall(b"%10d" % i)
        statuses = [Answer(self.read_all(upload)).status for upload in uploads]
        self.assertEqual(sorted(statuses), [201] + [409] * 19)
        self.assertEqual(int(self.read("a")), statuses.index(201))
        self.assertEqual(self.everything(), ["a"])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def wait_until(self, is_so):
        end = time.monotonic() + 30
        while not is_so():
            self.assertLess(time.monotonic(), end)
            self.get("/")

    def test_nothing_is_seen_before_it_is_whole(self):
        self.start("--upload")
        upload = self.send("PUT", "/a", body=b"x" * 100)
        upload.sendall(b"x" * 50)
        self.assertEqual(self.get("/a").status, 404)
        upload.sendall(b"x" * 50)
        self.assertEqual(Answer(self.read_all(upload)).status, 201)
        self.assertEqual(self.everything(), ["a"])

    def test_what_is_cut_off_leaves_nothing(self):
        self.start("--upload")
        self.get("/")
        before = self.descriptors()
        body, kind = form(("form-a", b"x" * 1000), ("form-b", b"y" * 100000))
        for i in range(20):
            upload = self.send("PUT", f"/cut-{i}", body=b"x" * 1_000_000)
            upload.sendall(b"x" * (i * 20000 + 1))
            upload.close()
        for cut in (100, 50000):
            upload = self.send("POST", "/", kind, body=body)
            upload.sendall(body[:cut])
            upload.close()
        self.wait_until(lambda: self.descriptors() <= before)
        self.assertEqual([name for name in self.everything() if name != "form-a"], [])

    def test_killed(self):
        self.start("--upload")
        upload = self.send("PUT", "/a", body=b"x" * 1_000_000)
        upload.sendall(b"x" * 500_000)
        self.wait_until(lambda: any(b"deleted" in os.fsencode(os.readlink(f"/proc/{self.process.pid}/fd/{fd}"))
                                    for fd in os.listdir(f"/proc/{self.process.pid}/fd")))
        self.process.kill()
        self.process.wait()
        self.assertEqual(self.everything(), [])

    def test_silent_clients(self):
        self.start("--upload", "--timeout", "0.2")
        upload = self.send("PUT", "/a", body=b"x" * 100)
        upload.sendall(b"x")
        self.assertEqual(Answer(self.read_all(upload)).status, 408)
        self.assertEqual(self.everything(), [])

    def test_bound(self):
        self.start("--upload", "--upload-max", "1K")
        self.assertEqual([self.put("/z", b"x" * n).status for n in (1001, 1000)], [413, 201])
        self.stop()
        os.unlink(self.path("z"))
        self.start("--upload", "--upload-max", "10k")
        self.assertEqual(self.put("/a", b"x" * 10000).status, 201)
        upload = self.send("PUT", "/b", "Expect: 100-continue", body=b"x" * 10001)
        self.assertEqual(Answer(self.read_all(upload)).status, 413)  # before any of it was sent
        self.assertEqual(self.post("/", ("c", b"x" * 10000)).status, 201)
        self.assertEqual(self.post("/", ("d", b"x" * 10001)).status, 413)
        connection = self.connect()
        connection.sendall(b"PUT /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" + b"x" * 10001)
        self.assertEqual(int(connection.recv(100).split()[1]), 413)
        self.assertEqual(self.everything(), ["a", "c"])

    def test_leave_to_send(self):
        self.start("--upload")
        upload = self.send("PUT", "/a", "Expect: 100-continue", body=b"hello")
        self.assertTrue(upload.recv(100).startswith(b"HTTP/1.1 100"))
        upload.sendall(b"hello")
        self.assertEqual(Answer(self.read_all(upload)).status, 201)
        upload = self.send("PUT", "/a", "Expect: 100-continue", body=b"x" * 1_000_000)
        self.assertEqual(Answer(self.read_all(upload)).status, 409)

    def test_parts_of_files(self):
        # A client that goes on with an upload would have a part of its file for the whole.
        self.start("--upload")
        self.assertEqual(self.put("/a", b"xx", "Content-Range: bytes 0-1/10").status, 400)
        self.assertEqual(self.put("/a", b"xx", "Content-Encoding: gzip").status, 415)
        self.assertEqual(self.everything(), [])

    def test_limited_files(self):
        # The limit on the size of files is what a user may have; test_full_disk.py has disks.
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        self.start("--upload", preexec_fn=limit)
        self.assertEqual(self.put("/a", b"x" * 200_000).status, 413)
        self.assertEqual(self.post("/", ("a", b"x" * 200_000)).status, 413)
        self.assertEqual(self.everything(), [])
        self.assertEqual(self.put("/a", b"x" * 1000).status, 201)

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_folders_that_are_not_to_be_written(self):
        os.mkdir(self.path("locked"))
        os.chmod(self.path("locked"), 0o555)
        self.start("--upload")
        self.assertEqual(self.put("/locked/a").status, 403)

    def test_forms(self):
        self.start("--upload")
        answer = self.post("/", ("a", b"1"), ("b", b"2"), headers=["Accept: text/html"])
        self.assertEqual((answer.status, answer.headers["location"]), (303, "./"))
        self.assertEqual((self.read("a"), self.read("b")), (b"1", b"2"))
        self.assertEqual(self.post("/", ("", b"")).status, 400)
        # the first is kept, for it is whole; the answer names the other
        answer = self.post("/", ("c", b"3"), ("a", b"4"), ("d", b"5"))
        self.assertEqual((answer.status, answer.text.split(":")[0]), (409, "a"))
        self.assertEqual(self.everything(), ["a", "b", "c"])
        self.assertEqual(self.ask("POST", "/", "Content-Type: text/plain", body=b"x").status, 415)

    def test_the_list_has_a_form(self):
        self.start("--upload")
        page = self.get("/").text
        self.assertIn('<form id="up" method="post" enctype="multipart/form-data">', page)
        self.assertEqual(self.get("/").headers["x-content-type-options"], "nosniff")

    def test_pages_of_other_sites(self):
        self.start("--upload")
        host = f"127.0.0.1:{self.port}"
        for headers in (["Origin: https://evil.example"], ["Origin: null"], [f"Origin: http://{host}.evil.example"],
                        ["Origin: http://127.0.0.1:1"], ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"],
                        [f"Origin: http://{host}", "Sec-Fetch-Site: cross-site"], ["Origin: "]):
            self.assertEqual(self.put("/a", b"x", *headers, host=host).status, 403, headers)
        for i, headers in enumerate(([], [f"Origin: http://{host}"], ["Sec-Fetch-Site: same-origin"],
                                     ["Sec-Fetch-Site: none"])):
            self.assertEqual(self.put(f"/ok-{i}", b"x", *headers, host=host).status, 201, headers)
        self.assertEqual(len(self.everything()), 4)

    def test_methods(self):
        self.start("--upload")
        answer = self.ask("DELETE", "/a")
        self.assertEqual(answer.status, 405)
        self.assertLessEqual({"GET", "PUT", "POST"}, set(answer.headers["allow"].split(", ")))

    def test_uploads_over_one_connection(self):
        self.start("--upload")
        connection = self.connect()
        connection.sendall(b"".join(b"PUT /f%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n%s\r\nabc" %
                                    (i, b"Connection: close\r\n" if i == 9 else b"") for i in range(10)))
        self.assertEqual(self.read_all(connection).count(b"HTTP/1.1 201"), 10)

    def test_options_that_do_not_go_together(self):
        self.assertIn("--precompressed", self.refused("--upload", "--precompressed"))
        self.assertIn("--overwrite", self.refused("--overwrite"))
        self.assertIn("--upload-max", self.refused("--upload-max", "10k"))
        for size in ("", "x", "0", "-1", "10q", "10kk", "nan", "inf"):
            self.refused("--upload", "--upload-max", size)

    def test_a_warning_where_others_may(self):
        self.start("--upload", "--bind", "*")
        self.assertIn("may upload", self.stop()[1])
        self.start("--upload")
        self.assertEqual(self.stop()[1], "")

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl(self):
        self.start("--upload")
        self.write("../source", os.urandom(200_000))
        source = os.path.join(self.outside, "source")
        curl = ["curl", "-sSf", "-o", "/dev/null"]
        subprocess.run([*curl, "-T", source, f"http://127.0.0.1:{self.port}/put"], check=True)
        subprocess.run([*curl, "-F", f"file=@{source};filename=posted", f"http://127.0.0.1:{self.port}/"], check=True)
        self.assertEqual(self.read("put"), self.read("../source"))
        self.assertEqual(self.read("posted"), self.read("../source"))
        # the answer is heard although not all was sent
        result = subprocess.run(["curl", "-sS", "-w", "%{http_code}", "-T", source, f"http://127.0.0.1:{self.port}/put"],
                                capture_output=True, text=True)
        self.assertEqual(result.stdout, "put: something of that name is there already\n409")

    def test_uploads_end_with_the_server(self):
        self.start("--upload")
        upload = self.send("PUT", "/a", body=b"x" * 100)
        upload.sendall(b"x" * 50)
        self.get("/")
        self.process.send_signal(15)
        upload.sendall(b"x" * 50)
        self.assertEqual(Answer(self.read_all(upload)).status, 201)
        self.assertEqual(self.process.wait(timeout=30), 0)
        self.assertEqual(self.everything(), ["a"])


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
