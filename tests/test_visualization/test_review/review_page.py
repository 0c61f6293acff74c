"""What a person does with a review page, in words."""

import json
import time
from pathlib import Path

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

PATIENCE = 20.  # seconds, for a busy machine


class PageDriver:
    """A review page in a browser.

    Args:
        driver: of selenium.
        html: the page.
    """

    def __init__(self, driver, html):
        self.driver = driver
        self.url = Path(html).resolve().as_uri()
        self.forget_logs()
        self.reload()

    def reload(self):
        self.driver.get(self.url)
        self.wait(lambda: self.js(
            'return document.documentElement.dataset.ready') == 'yes')
        self.wait_shown()

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, what):
        """Wait until a function gives something true; returns it."""
        end = time.monotonic() + PATIENCE
        while True:
            value = what()
            if value:
                return value
            assert time.monotonic() < end, 'waited in vain'
            time.sleep(.02)

    def wait_shown(self):
        """Wait until the mask under the cursor is drawn."""
        self.wait(lambda: self.js(
            'const p = document.getElementById("panes");'
            'const i = document.querySelector("#list [aria-selected=true]");'
            'return !i || i.hidden ||'
            ' p.dataset.shown === malReview.store.ids[i.malRow]'))
        self.js('return new Promise((done) => requestAnimationFrame('
                '() => requestAnimationFrame(done)))')

    def press(self, *keys):
        """Press keys one after the other, each as a person would."""
        for key in keys:
            chain = ActionChains(self.driver)
            if isinstance(key, tuple):
                modifier, letter = key
                chain.key_down(modifier).send_keys(letter).key_up(modifier)
            else:
                chain.send_keys(key)
            chain.perform()
        self.wait_shown()

    def click(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def choose(self, selector, value):
        field = self.driver.find_element(By.CSS_SELECTOR, selector)
        Select(field).select_by_value(value)

    def options(self, selector):
        select = Select(self.driver.find_element(By.CSS_SELECTOR, selector))
        return [option.text for option in select.options]

    def type(self, selector, text):
        field = self.driver.find_element(By.CSS_SELECTOR, selector)
        field.clear()
        field.send_keys(text)

    @property
    def current(self):
        """Annotation id under the cursor, None if the list is empty."""
        return self.js(
            'const i = [...document.querySelectorAll("#list [aria-selected=true]")]'
            '.find((i) => !i.hidden);'
            'return i ? malReview.store.ids[i.malRow] : null')

    @property
    def listed(self):
        """Annotation ids of the rows that are elements now, from the top."""
        return self.js(
            'return [...document.querySelectorAll("#list [role=option]")]'
            '.filter((i) => !i.hidden).sort((a, b) => a.malIndex - b.malIndex)'
            '.map((i) => malReview.store.ids[i.malRow])')

    @property
    def count(self):
        return self.text('#list-count')

    @property
    def progress(self):
        return self.text('#progress-text')

    def save(self):
        """Press Ctrl+S; the content of the file that comes down."""
        for old in self.driver.downloads.iterdir():
            old.unlink()
        self.press((Keys.CONTROL, 's'))

        def done():
            return [path for path in self.driver.downloads.iterdir()
                    if path.suffix == '.json']

        path = self.wait(done)[0]
        return path, json.loads(path.read_text())

    def load(self, path):
        self.driver.find_element(By.ID, 'decisions-file').send_keys(str(path))

    def forget_logs(self):
        for kind in ('browser', 'performance'):
            self.driver.get_log(kind)

    def complaints(self):
        """What the browser's console says, a refused policy included."""
        return [entry['message'] for entry in self.driver.get_log('browser')]

    def addresses(self):
        """Addresses of all requests since the logs were forgotten."""
        messages = (json.loads(entry['message'])['message']
                    for entry in self.driver.get_log('performance'))
        return [message['params']['request']['url'] for message in messages
                if message['method'] == 'Network.requestWillBeSent']

    def pixel(self, x, y, pane=0):
        """Colour (r, g, b) of the screen over a canvas, at CSS pixels in it."""
        import cv2
        import numpy as np
        canvas = self.driver.find_elements(By.CSS_SELECTOR, '#panes canvas')[pane]
        png = np.frombuffer(canvas.screenshot_as_png, np.uint8)
        return cv2.imdecode(png, 1)[y, x, ::-1].tolist()
