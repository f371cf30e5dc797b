"""A real server and a real browser for the page's tests."""

import json
import subprocess
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

WAIT_SECONDS = 20


class Probe:
    """The program that serves the pages and shows what it is told."""

    def __init__(self, program, port=0):
        self.number = 1000
        self.directory = tempfile.TemporaryDirectory(prefix='stampd-probe-')
        self.process = subprocess.Popen(
            [program, self.directory.name, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.process.stdout.readline().split()[1])

    def tell(self, **message):
        self.process.stdin.write(json.dumps(message) + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == 'ok', f'the probe ended: {answer!r}'

    def show(self, phase, **view):
        """Shows a view and gives its number."""
        self.number += 1
        self.tell(view={'phase': phase, 'number': self.number, **view})
        return self.number

    def url(self, path='/'):
        return f'http://127.0.0.1:{self.port}{path}'

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=WAIT_SECONDS)
        self.directory.cleanup()


class Browser:
    """Headless Chromium at a size, with its console and its requests recorded."""

    def __init__(self, width=1280, height=720, reduced_motion=False):
        options = Options()
        options.binary_location = '/usr/bin/chromium'
        self.profile = tempfile.TemporaryDirectory(
            prefix='stampd-browser-', ignore_cleanup_errors=True
        )
        for argument in [
            '--headless=new',
            '--no-sandbox',
            '--disable-gpu',
            '--hide-scrollbars=0',
            '--disable-dev-shm-usage',
            '--autoplay-policy=no-user-gesture-required',
            '--mute-audio',
            '--force-device-scale-factor=1',
            '--disable-background-networking',
            '--disable-component-update',
            '--no-first-run',
            f'--user-data-dir={self.profile.name}',
            f'--window-size={width},{height}',
        ]:
            options.add_argument(argument)
        if reduced_motion:
            options.add_argument('--force-prefers-reduced-motion')
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        self.driver = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
        self.driver.set_page_load_timeout(60)
        self.resize(width, height)
        self.on_new_page(RECORDER)

    def resize(self, width, height):
        self.driver.execute_cdp_cmd(
            'Emulation.setDeviceMetricsOverride',
            {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False},
        )

    def on_new_page(self, script):
        self.driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': script})

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, identifier):
        """What is visible of an element's text; empty while it is hidden."""
        return self.run('return document.getElementById(arguments[0]).innerText', identifier)

    def until(self, what, claim):
        """Waits until a claim holds."""
        WebDriverWait(self.driver, WAIT_SECONDS, poll_frequency=0.05).until(
            lambda _: claim(), message=f'never: {what}'
        )

    def until_shown(self, number):
        self.until(
            f'view {number}',
            lambda: self.run('return document.getElementById("screen").dataset.number')
            == str(number),
        )

    def until_phase(self, phase):
        self.until(
            f'phase {phase}',
            lambda: self.run('return document.getElementById("screen").dataset.phase') == phase,
        )

    def console(self):
        return [entry['message'] for entry in self.driver.get_log('browser')]

    def requests(self):
        """The addresses of all requests since the last call."""
        messages = [
            json.loads(entry['message'])['message'] for entry in self.driver.get_log('performance')
        ]
        return [
            message['params']['request']['url']
            for message in messages
            if message['method'] == 'Network.requestWillBeSent'
        ]

    def screenshot(self, path):
        self.driver.save_screenshot(path)

    def close(self):
        self.driver.quit()
        self.profile.cleanup()


# Notes which tones a page plays, and which animations it starts.
RECORDER = '''
window.tones = [];
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(event.violatedDirective);
});
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  const wave = make.call(this);
  const start = wave.start;
  wave.start = function (...when) {
    window.tones.push([Math.round(wave.frequency.value), wave.type]);
    return start.apply(wave, when);
  };
  return wave;
};
'''
