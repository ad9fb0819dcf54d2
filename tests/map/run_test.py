"""The script `run`, with every program it calls replaced by one that says how it was called."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.bin, self.away = (pathlib.Path(folder.name) / name for name in ("root", "bin", "a way"))
        for path in (self.root, self.bin, self.away):
            path.mkdir()
        shutil.copy(ROOT / "run", self.root)
        for tool in ("bash", "cat", "dirname", "env", "mkdir", "readlink", "tail", "nproc"):
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.program("id", "echo 1000")
        self.program("cmake", "exit 0")
        self.program("dpkg-query", "printf installed")
        tool = self.root / "build/release/tests/conformance"
        tool.mkdir(parents=True)
        self.script(tool / "ddim-verify", 'echo "in $PWD:"; printf "<%s>" "$@"')

    @staticmethod
    def script(path, body):
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def program(self, name, body):
        self.script(self.bin / name, body)

    def run_it(self, *arguments, path=None, folder=None):
        return subprocess.run([path or self.root / "run", *arguments], cwd=folder or self.root, text=True,
                              capture_output=True, env={"PATH": str(self.bin)}, check=False)

    def test_the_verifier_runs_where_it_is_called(self):
        done = self.run_it("ddim-verify", "check", "exec:a b", "--config", "it's.json", folder=self.away)
        self.assertEqual((done.returncode, done.stdout), (0, f"in {self.away}:\n<check><exec:a b><--config><it's.json>"))

    def test_a_link_to_it_works_from_anywhere(self):
        link = self.away / "link"
        link.symlink_to(self.root / "run")
        done = self.run_it("ddim-verify", "faults", path=link, folder=self.away)
        self.assertEqual((done.returncode, done.stdout), (0, f"in {self.away}:\n<faults>"))

    def test_help_is_a_verb_however_it_is_asked_for(self):
        said = [self.run_it(*arguments) for arguments in ([], ["help"], ["--help"], ["-h"])]
        self.assertEqual([done.returncode for done in said], [0] * 4)
        self.assertEqual(len({done.stdout for done in said}), 1)
        self.assertIn("./run verify", said[0].stdout)
        unknown = self.run_it("halp")
        self.assertEqual((unknown.returncode, unknown.stderr), (2, "unknown verb: halp\n"))

    def test_without_sudo_or_apt_one_list_says_what_is_missing(self):
        self.program("dpkg-query", 'case $3 in g++ | python3-torch) exit 1 ;; esac; printf installed')
        for absent, present in (("apt-get", []), ("sudo", ["apt-get"])):
            for name in present:
                self.program(name, "exit 1")
            done = self.run_it("verify")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr, f"these packages are missing, and {absent} to install them: g++ python3-torch\n")

    def test_elsewhere_than_on_debian_what_is_needed_is_listed(self):
        (self.bin / "dpkg-query").unlink()
        done = self.run_it("ddim-verify", "faults")
        self.assertEqual(done.returncode, 0)
        self.assertIn("not Debian: whether these packages, or their like, are there is not checked: g++ cmake", done.stderr)


if __name__ == "__main__":
    unittest.main()
