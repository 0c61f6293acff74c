"""Pages of drawn data, and a real browser to look at them."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from review_data import draw_data
from review_page import PageDriver

from mmdet_mal.visualization.review import build_review

# Of everything that Chromium does by itself, nothing may touch the network.
_FLAGS = ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage',
          '--disable-gpu', '--disable-background-networking',
          '--disable-component-update', '--no-first-run', '--disable-sync',
          '--force-device-scale-factor=1', '--window-size=1280,1500')


@pytest.fixture
def drawn(tmp_path):
    """Twelve masks on four images."""
    return draw_data(tmp_path)


@pytest.fixture
def build(drawn):
    """Builds the page of the drawn data; gives the summary."""

    def run(masks=None, **options):
        return build_review(
            masks or [('mal', drawn.masks)], drawn.photos,
            drawn.folder / 'review.html', progress=False, **options)

    return run


@pytest.fixture(scope='session')
def chromium(tmp_path_factory):
    """A headless Chromium; skips where there is none."""
    missing = [name for name in ('chromium', 'chromedriver') if not shutil.which(name)]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not on PATH: the review page is not "
                    'tried in a browser (Debian: apt-get install chromium '
                    'chromium-driver)')
    selenium = pytest.importorskip('selenium.webdriver')
    from selenium.webdriver.chrome.service import Service
    options = selenium.ChromeOptions()
    options.binary_location = shutil.which('chromium')
    downloads = tmp_path_factory.mktemp('downloads')
    for flag in _FLAGS:
        options.add_argument(flag)
    options.add_experimental_option('prefs', {
        'download.default_directory': str(downloads),
        'download.prompt_for_download': False})
    options.set_capability('goog:loggingPrefs', dict(browser='ALL', performance='ALL'))
    # With the path given, selenium looks for no driver elsewhere.
    driver = selenium.Chrome(
        options=options, service=Service(shutil.which('chromedriver')))
    driver.downloads = downloads
    yield driver
    driver.quit()


@pytest.fixture
def open_page(chromium):
    """Opens a page as a person does; afterwards the browser has not complained
    and nothing has left the disk."""
    pages = []

    def run(html):
        pages.append(PageDriver(chromium, html))
        return pages[-1]

    yield run
    if pages:
        chromium.execute_script('localStorage.clear()')
    for page in pages:
        assert page.complaints() == []
        assert [url for url in page.addresses()
                if not url.startswith(('file:///', 'blob:'))] == []
