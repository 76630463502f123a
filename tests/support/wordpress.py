# SPDX-License-Identifier: EUPL-1.2
"""
A real WordPress on loopback, as Debian packages it: MariaDB, PHP-FPM and nginx, with a small site in it.

    with wordpress(tmp_path) as url:      http://127.0.0.1:40123/
        ...
    gone afterwards, all three

Everything stands in the folder given, under processes of our own; nothing of the system's is used but programs and
the files of WordPress, of which a copy is made. Needs `wordpress`, a theme, `mariadb-server`, `php-fpm`, `php-mysql`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .nginx import Nginx
from .ports import wait_until

FILES = Path("/usr/share/wordpress")
THEME = "twentytwentyone"
SECONDS = 90

_CONFIG = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('WP_DEFAULT_THEME', '{theme}');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT',
    'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) define($name, str_repeat($name, 4));
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
_INSTALL = """<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url($argv[1], PHP_URL_HOST) . ':' . parse_url($argv[1], PHP_URL_PORT);
$_SERVER['REQUEST_URI'] = '/';
require __DIR__ . '/wp-load.php';
require_once __DIR__ . '/wp-admin/includes/upgrade.php';
require_once __DIR__ . '/wp-admin/includes/image.php';
function wp_mail() { return true; }
define('WP_SITEURL', rtrim($argv[1], '/'));
wp_install('Gemeente Voorbeeld', 'redactie', 'redactie@voorbeeld.example', true, '', 'geheim');
update_option('blogdescription', 'Een site voor de proef');
update_option('permalink_structure', '/%postname%/');
update_option('date_format', 'Y-m-d');
$picture = wp_upload_bits('kaart.png', null, base64_decode($argv[2]));
$image = wp_insert_attachment(['post_mime_type' => 'image/png', 'post_title' => 'Kaart', 'post_status' => 'inherit'],
    $picture['file']);
wp_update_attachment_metadata($image, wp_generate_attachment_metadata($image, $picture['file']));
$words = 'De leges voor een verblijfsvergunning zijn vastgesteld. Wie te laat een besluit krijgt, heeft rechten. ';
foreach (range(1, 6) as $number) {
    $post = wp_insert_post(['post_title' => "Bericht $number", 'post_status' => 'publish', 'post_author' => 1,
        'post_date' => "2026-02-0$number 09:00:00", 'post_name' => "bericht-$number",
        'post_content' => "<!-- wp:paragraph --><p>" . str_repeat($words, $number) . "</p><!-- /wp:paragraph -->"]);
    set_post_thumbnail($post, $image);
    wp_insert_comment(['comment_post_ID' => $post, 'comment_author' => 'Een lezer', 'comment_approved' => 1,
        'comment_content' => "Dank voor bericht $number.", 'comment_date' => '2026-02-10 10:00:00']);
}
wp_insert_post(['post_type' => 'page', 'post_title' => 'Contact', 'post_name' => 'contact', 'post_status' => 'publish',
    'post_author' => 1, 'post_content' => '<p>Bel 14 070, of lees <a href="/bericht-1/">bericht 1</a>.</p>']);
global $wp_rewrite;
$wp_rewrite->set_permalink_structure('/%postname%/');
$wp_rewrite->flush_rules(false);
echo 'installed';
"""
_FPM = """[global]
error_log = {folder}/php-fpm.log
daemonize = no
[www]
listen = {folder}/php.sock
listen.mode = 0666
{user}
pm = static
pm.max_children = 3
catch_workers_output = yes
php_admin_value[upload_tmp_dir] = {folder}
php_admin_value[session.save_path] = {folder}
"""
_LOCATION = """
location ~ \\.php$ {{
    include /etc/nginx/fastcgi_params;
    fastcgi_param HTTP_HOST $http_host;
    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
    fastcgi_read_timeout 120s;
    fastcgi_pass unix:{folder}/php.sock;
    root {site};
}}
"""


@contextmanager
def wordpress(folder: Path, picture: str) -> Iterator[str]:
    """Run a WordPress with six posts and a page until the context is left; `picture` is a PNG in base64."""
    site = folder / "wordpress"
    shutil.copytree(FILES, site, ignore_dangling_symlinks=True)
    with ExitStack() as stack:
        socket = stack.enter_context(_mariadb(folder))
        (site / "wp-config.php").write_text(_CONFIG.format(socket=socket, theme=THEME), encoding="utf-8")
        (site / "wp-content" / "uploads").mkdir(parents=True, exist_ok=True)
        stack.enter_context(_php(folder))
        server = Nginx({}, folder / "nginx", server=_server(folder, site))
        stack.enter_context(server)
        install = site / "daykeep-install.php"
        install.write_text(_INSTALL, encoding="utf-8")
        done = _run("php", install, server.url, picture)
        install.unlink()
        if "installed" not in done.stdout:
            raise RuntimeError(f"WordPress was not installed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        yield server.url


def _server(folder: Path, site: Path) -> str:
    index = f"root {site}; index index.php; location / {{ try_files $uri $uri/ /index.php?$args; }}"
    return index + _LOCATION.format(folder=folder, site=site)


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


@contextmanager
def _running(ready: Path, log: Path, *command: str | Path) -> Iterator[None]:
    """Run a server until the context is left, from the moment that its socket is there."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_until(ready.exists, lambda: process.poll() is None, SECONDS)
            yield
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


@contextmanager
def _mariadb(folder: Path) -> Iterator[Path]:
    data, socket = folder / "mariadb", folder / "db.sock"
    user = ["--user=root"] if os.geteuid() == 0 else []
    made = _run(
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        *user,
    )
    if made.returncode:
        raise RuntimeError(f"no database was made: {made.stdout[-1000:]}{made.stderr[-1000:]}")
    options = [
        f"--datadir={data}",
        f"--socket={socket}",
        f"--pid-file={folder}/db.pid",
        "--skip-networking",
        *user,
    ]
    with _running(socket, folder / "mariadb.log", _server_program(), "--no-defaults", *options):
        created = _run(
            "mariadb", "--no-defaults", f"--socket={socket}", "-uroot", "-e", "CREATE DATABASE wordpress"
        )
        if created.returncode:
            raise RuntimeError(f"no database was made: {created.stderr[-1000:]}")
        yield socket


def _server_program() -> str:
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "mariadbd"


@contextmanager
def _php(folder: Path) -> Iterator[None]:
    program = next(iter(sorted(Path("/usr/sbin").glob("php-fpm*"), reverse=True)), Path("php-fpm"))
    root = os.geteuid() == 0
    config = folder / "php-fpm.conf"
    config.write_text(
        _FPM.format(folder=folder, user="user = root\ngroup = root" if root else ""), encoding="utf-8"
    )
    as_root = ["--allow-to-run-as-root"] if root else []
    command = [program, "--nodaemonize", "--fpm-config", config, *as_root]
    with _running(folder / "php.sock", folder / "php.log", *command):
        yield
