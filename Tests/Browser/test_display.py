#!/usr/bin/python3
"""What the customer and the cashier see, in a real browser against the real service.

Usage: test_display.py PROBE [NAME…], where PROBE is the built program DisplayProbe and a NAME runs
only the tests that contain it. Needs python3-selenium, chromium and chromium-driver of Debian.
With SCREENSHOTS=DIRECTORY it keeps a picture of each state.
"""

import http.server
import json
import os
import sys
import threading
import traceback
import urllib.request

from harness import Browser, Probe

SIZES = [(800, 480), (1024, 600), (1280, 720), (1920, 1080)]
WORDS = {
    language: json.load(
        open(
            os.path.join(
                os.path.dirname(__file__),
                '..',
                '..',
                'Sources',
                'CounterAPI',
                'Page',
                f'words.{language}.json',
            ),
            encoding='utf-8',
        )
    )
    for language in ('zh-Hant', 'en')
}
ZH = WORDS['zh-Hant']
STAMP = {'asset': 'stamps/latte', 'amount': 1}
POINTS = {'asset': 'points', 'amount': 6}
WHY = [
    {'step': 'visit-stamped', 'card': 'latte', 'stamps': 1},
    {'step': 'amount-earned', 'amount': 215, 'per': 35, 'give': 1, 'points': 6},
]


def card(stamps, size=10, **more):
    return {'id': 'latte', 'size': size, 'stamps': stamps, **more}


def member(stamps=7, points=412, name='王○明', size=10, cards=None):
    return {'name': name, 'points': points, 'cards': cards or [card(stamps, size)]}


AWARD = {
    'member': member(),
    'earned': [STAMP, POINTS],
    'derivation': WHY,
    'entry': 12,
    'amount': 215,
}

OFFERS = [
    {'reward': 'cookie', 'cost': 4, 'countMax': 3},
    {'reward': 'off', 'cost': 3, 'title': {'zh-Hant': '折 20 元', 'en': '20 off'}},
    {
        'reward': 'pay',
        'cost': 1,
        'pointsMax': 412,
        'title': {'zh-Hant': '點數折抵', 'en': 'pay with points'},
    },
]

# Every state that the display has, by name.
STATES = {
    'idle': ('idle', {}),
    'member attached': ('member-attached', {'member': member(6, 406)}),
    'award': ('award', AWARD),
    'points only': (
        'award',
        {
            'member': member(),
            'earned': [POINTS],
            'derivation': [{'step': 'visit-guarded', 'card': 'latte', 'guard': 'day'}, WHY[1]],
            'entry': 13,
        },
    ),
    'card full': ('award', {**AWARD, 'member': member(10)}),
    'repeat': ('award', {**AWARD, 'isRepeat': True}),
    'refused': (
        'refused',
        {'code': 'visit-already-stamped', 'detail': {'day': '1'}, 'member': member()},
    ),
    'refused code': ('refused', {'code': 'check-digits-wrong'}),
    'waiting for member': ('waiting-for-member', {'amount': 215}),
    'left QR': ('waiting-for-left-half', {}),
    'concealed': ('concealed', {}),
    'voided': ('voided', {'entry': 14}),
    'refunded': (
        'refunded',
        {
            'entry': 15,
            'amount': 100,
            'earned': [{'asset': 'points', 'amount': -3}, {'asset': 'points', 'amount': 2}],
        },
    ),
    'not recorded': ('not-recorded', {'code': 'disk-full'}),
    'fifty': ('award', {**AWARD, 'member': member(23, size=50)}),
    'twenty': ('award', {**AWARD, 'member': member(13, size=20)}),
    'one': ('award', {**AWARD, 'member': member(1, size=1)}),
    'several cards': (
        'member-attached',
        {
            'member': member(
                cards=[
                    card(12),
                    {'id': 'tea', 'size': 8, 'stamps': 3},
                    {'id': 'cake', 'size': 6, 'stamps': 2},
                ]
            )
        },
    ),
    'no card': (
        'award',
        {
            'member': {'name': '王○明', 'points': 412, 'cards': []},
            'earned': [POINTS],
            'derivation': WHY[1:],
            'entry': 15,
        },
    ),
    'offers': ('award', {**AWARD, 'earned': [STAMP], 'derivation': WHY[:1], 'offers': OFFERS}),
    'offers of fifty': (
        'member-attached',
        {'member': member(23, size=50), 'offers': OFFERS + [{**OFFERS[0], 'reward': 'cake'}]},
    ),
    'chosen': (
        'member-attached',
        {
            'member': member(),
            'offers': OFFERS,
            'chosen': [{'reward': 'cookie', 'count': 2}, {'reward': 'pay', 'points': 400}],
        },
    ),
    'chosen, refused': (
        'refused',
        {
            'code': 'not-enough',
            'detail': {'asset': 'points', 'needed': '4', 'held': '1'},
            'member': member(),
            'offers': OFFERS,
            'chosen': [{'reward': 'cookie', 'count': 1}],
        },
    ),
    'redeemed': (
        'award',
        {
            **AWARD,
            'redeemed': [{'reward': 'off', 'value': 20}, {'reward': 'pay', 'value': 100}],
            'due': 95,
            'dropped': [
                {'reward': 'cookie', 'reason': 'not-enough'},
                {'reward': 'cookie', 'reason': 'bill-unfit'},
            ],
        },
    ),
    'handed over': (
        'award',
        {
            'member': member(),
            'earned': [{'asset': 'points', 'amount': -4}],
            'derivation': [],
            'redeemed': [{'reward': 'cookie', 'count': 2}],
            'entry': 16,
            'offers': OFFERS,
            'chosen': [{'reward': 'pay'}],
        },
    ),
    'long offers': (
        'award',
        {
            **AWARD,
            'member': member(points=9007199254740991, name='很' * 40),
            'offers': [
                {**OFFERS[0], 'title': {'zh-Hant': '長' * 120, 'en': 'long ' * 24}},
                OFFERS[1],
                {**OFFERS[2], 'pointsMax': 9007199254740991},
            ],
            'chosen': [{'reward': 'pay'}],
        },
    ),
    'long': ('award', {**AWARD, 'member': member(points=9007199254740991, name='很' * 40)}),
}


class Stage:
    """The probe and the browser that a test plays on."""

    def __init__(self, program):
        self.program = program
        self.probe = Probe(program)
        self.browser = Browser()

    def open(self, path='/'):
        """Opens a page at a till where nobody is."""
        post(self, '/v1/till/1/cancel', {})
        self.browser.open(self.probe.url(path))
        self.browser.until_phase('idle')

    def show(self, phase, **view):
        self.browser.until_shown(self.probe.show(phase, **view))

    def state(self, name):
        phase, view = STATES[name]
        self.show(phase, **view)

    def text(self, identifier):
        return self.browser.text(identifier).replace('\u200b', '').replace('\u00a0', ' ').strip()

    def drawing(self):
        return self.browser.run('return document.getElementById("icon").dataset.drawing')

    def tone(self):
        return self.browser.run('return document.getElementById("screen").dataset.tone')

    def count(self, selector):
        return self.browser.run('return document.querySelectorAll(arguments[0]).length', selector)

    def close(self):
        self.browser.close()
        self.probe.stop()


def same(found, expected):
    assert found == expected, f'{found!r}, expected {expected!r}'


def plain(text):
    return text.replace('\u200b', '').replace('\u00a0', ' ')


# The customer's display


def test_idle_says_what_to_scan(stage):
    stage.open()
    same(stage.text('title'), '青田咖啡')
    same(stage.text('store'), '永康店')
    same(stage.text('big').replace('\n', ''), '請出示會員條碼')
    same((stage.tone(), stage.drawing()), ('idle', 'scan'))
    same((stage.count('.slot'), stage.count('.gift'), stage.count('.seal')), (9, 1, 0))
    same(stage.text('recorded'), '')


def test_a_member_sees_the_card_as_it_stands(stage):
    stage.open()
    stage.state('member attached')
    same(stage.text('hello'), '王○明　您好')
    same(stage.text('big').replace('\n', ''), '請掃發票或輸入金額')
    same((stage.count('.seal'), stage.count('.seal.new')), (6, 0))
    assert '共 406 點' in stage.text('points')
    same(stage.text('next-text'), '再 4 章換一杯拿鐵')
    same(stage.text('recorded'), '')


def test_an_award_presses_the_new_seal_and_says_why(stage):
    stage.open()
    stage.state('award')
    same(stage.text('big').replace('\n', ''), '集到第 7 章')
    same((stage.tone(), stage.drawing()), ('stamp', 'stamp'))
    same((stage.count('.seal'), stage.count('.seal.new')), (7, 1))
    stage.browser.until('412 points', lambda: '共 412 點' in stage.text('points'))
    assert '+6' in stage.text('points')
    same(stage.text('why'), '本次到店 → 拿鐵集點卡 1 章\n消費 $215，每滿 $35 得 1 點 → 6 點')
    same(stage.text('recorded'), '已記錄 · 14:32')


def test_a_full_card_names_the_reward(stage):
    stage.open()
    stage.state('card full')
    same(stage.text('big'), '集滿了！')
    same(stage.text('text'), '一杯拿鐵\n請告訴店員要兌換')
    same((stage.tone(), stage.drawing()), ('stamp', 'gift'))
    same((stage.count('.seal'), stage.count('.slot'), stage.count('.gift')), (10, 0, 0))
    assert '可兌換 1 份：一杯拿鐵' in stage.text('chips')


def test_a_repeat_shows_the_first_answer_and_presses_nothing(stage):
    stage.open()
    stage.state('repeat')
    same(stage.text('big').replace('\n', ''), '這筆已經記過了')
    same(stage.count('.seal.new'), 0)
    assert '+6' not in stage.text('points')
    same(stage.browser.run('return window.tones'), [[660, 'sine']])


def test_a_refusal_says_what_to_do(stage):
    stage.open()
    stage.state('refused')
    same(stage.text('big').replace('\n', ''), '今天已集過章，明天再來')
    same((stage.tone(), stage.drawing()), ('refuse', 'cross'))
    assert stage.text('text')
    same(stage.text('recorded'), '')
    stage.show('refused', code='visit-already-stamped', detail={'hours': '4'})
    assert '4 小時' in stage.text('text')
    stage.show('refused', code='amount-above-max', detail={'max': '100000'})
    assert '$100,000' in stage.text('text')
    stage.show(
        'refused',
        code='programme-not-in-force',
        detail={'from': '2026-11-01', 'through': '2026-11-30'},
    )
    assert '2026年11月1日' in stage.text('text').replace('\n', ''), stage.text('text')


def test_waiting_for_the_member_shows_the_amount(stage):
    stage.open()
    stage.state('waiting for member')
    same(stage.text('big').replace('\n', ''), '請出示會員條碼')
    assert '$215' in stage.text('text')
    same((stage.tone(), stage.drawing()), ('wait', 'wait'))


def test_the_right_hand_code_asks_for_the_left(stage):
    stage.open()
    stage.state('left QR')
    same(stage.text('big').replace('\n', ''), '請掃左邊的QR 碼')
    same((stage.tone(), stage.drawing()), ('wait', 'left'))


def test_not_recorded_promises_nothing(stage):
    stage.open()
    stage.state('not recorded')
    same(stage.text('big').replace('\n', ''), '這次沒有記錄')
    assert '磁碟滿了' in stage.text('text')
    same((stage.tone(), stage.drawing()), ('refuse', 'alarm'))
    same(stage.text('recorded'), '')


def test_a_void_is_on_disk(stage):
    stage.open()
    stage.state('voided')
    same(stage.text('big').replace('\n', ''), '上一筆已取消')
    same(stage.text('recorded'), '已記錄 · 14:32')


def test_a_refund_says_what_was_taken_back_and_given_back(stage):
    stage.open()
    stage.state('refunded')
    same(stage.text('big').replace('\n', ''), '已退款 $100')
    same(stage.text('text'), '扣回 3 點，歸還 2 點')
    same(stage.text('recorded'), '已記錄 · 14:32')


def test_an_unplugged_scanner_shows_while_nobody_is_there(stage):
    stage.open()
    stage.probe.tell(status={'scanners': [{'till': '1', 'isAttached': False}]})
    stage.browser.until('unplugged', lambda: stage.drawing() == 'plug')
    same(stage.text('big').replace('\n', ''), '掃描器沒有接上')
    stage.state('award')
    same(stage.drawing(), 'stamp')
    stage.state('idle')
    stage.probe.tell(
        status={'scanners': [{'till': '1', 'isAttached': False}, {'till': '1', 'isAttached': True}]}
    )
    stage.browser.until('plugged in', lambda: stage.drawing() == 'scan')


def test_a_concealed_view_takes_the_member_off_the_screen(stage):
    stage.open()
    stage.state('award')
    stage.state('concealed')
    page = stage.browser.run('return document.body.innerText + document.documentElement.outerHTML')
    assert '王○明' not in page
    assert '412' not in page
    same(stage.count('.seal'), 0)


def test_the_customer_never_reads_offline(stage):
    stage.open()
    stage.probe.tell(
        status={
            'pendingCount': 132,
            'oldestAgeSeconds': 7200,
            'isOnline': False,
            'advice': [{'code': 'hq-away', 'text': 'HQ is away'}],
        }
    )
    for name in STATES:
        stage.state(name)
        text = stage.browser.run('return document.body.innerText')
        for word in ('離線', '總部', 'offline', '132', '待傳'):
            assert word not in text, f'{name}: {word}'


def test_cards_of_every_size_are_drawn_whole(stage):
    stage.open()
    for size in (1, 2, 5, 6, 10, 15, 20, 21, 30, 50):
        stage.show('award', **{**AWARD, 'member': member(1, size=size)})
        same(stage.count('.seal') + stage.count('.slot') + stage.count('.gift'), size)
        columns = stage.browser.run(
            'const style = getComputedStyle(document.getElementById("slots"));'
            'return style.gridTemplateColumns.split(" ").length'
        )
        same(columns, 5 if size <= 20 else 10)
        assert_fits(stage, f'size {size}')


def test_hostile_text_stays_text(stage):
    stage.open()
    hostile = '<img src=x onerror=alert(1)><script>alert(2)</script>\u202e"\'&{points}'
    stage.show('refused', code=hostile, detail={hostile: hostile}, member=member(name=hostile))
    assert hostile[:20] in stage.text('hello')
    same((stage.count('img'), stage.count('body script')), (0, 0))
    same(stage.text('big').replace('\n', ''), plain(ZH['refused.other']))
    stage.show(
        'award',
        **{
            **AWARD,
            'member': member(
                cards=[
                    card(
                        7,
                        title={'zh-Hant': hostile, 'en': hostile},
                        reward={'zh-Hant': hostile, 'en': hostile},
                    )
                ]
            ),
        },
    )
    same((stage.count('img'), stage.count('body script')), (0, 0))
    stage.show('refused', code='__proto__')
    same(stage.text('big').replace('\n', ''), plain(ZH['refused.other']))
    stage.show('refused', code='constructor')
    same(stage.text('big').replace('\n', ''), plain(ZH['refused.other']))
    same(stage.browser.run('return window.violations'), [])


def test_every_code_shows_its_own_words(stage):
    stage.open()
    for language in ('en', 'zh-Hant'):
        stage.open(f'/?lang={language}')
        words = WORDS[language]
        codes = [
            key.split('.')[1] for key in words if key.startswith('refused.') and key.count('.') == 1
        ]
        assert len(codes) > 40
        for code in codes:
            stage.show(
                'refused',
                code=code,
                detail={
                    'max': '1',
                    'least': '1',
                    'from': '2026-01-01',
                    'through': '2026-01-02',
                    'days': '7',
                },
            )
            shown = stage.browser.run('return document.getElementById("big").textContent')
            same(shown, words[f'refused.{code}'])
            assert '{' not in stage.browser.run('return document.body.innerText'), code
            assert_fits(stage, f'{language} {code}')


def test_the_language_switches_and_stays(stage):
    stage.open()
    stage.browser.run('localStorage.clear()')
    stage.open()
    stage.state('award')
    stage.browser.driver.find_element('id', 'language').click()
    stage.browser.until('English', lambda: stage.text('big').replace('\n', ' ') == 'Stamp number 7')
    same(stage.browser.run('return document.documentElement.lang'), 'en')
    same(stage.text('recorded'), 'Recorded · 14:32')
    stage.open()
    same(stage.text('big').replace('\n', ' '), 'Scan your member code')
    stage.browser.run('localStorage.clear()')


def test_a_restart_of_the_agent_is_seen_and_overcome(stage):
    stage.open()
    stage.state('award')
    port = stage.probe.port
    stage.probe.stop()
    stage.browser.until(
        'a lost line',
        lambda: stage.browser.run('return document.getElementById("screen").dataset.phase')
        == 'lost',
    )
    same(stage.text('big').replace('\n', ''), '畫面重新連線中')
    assert '王○明' not in stage.browser.run('return document.body.innerText')
    stage.probe = Probe(stage.program, port)
    stage.browser.until_phase('idle')
    stage.probe.number = 500  # below the numbers before the restart
    stage.state('award')
    same(stage.text('big').replace('\n', ''), '集到第 7 章')


def test_pages_that_were_left_hold_no_connection(stage):
    for _ in range(10):
        stage.open('/cashier')
    stage.browser.until('entries', lambda: stage.text('entries-title'))
    stage.browser.driver.back()
    stage.browser.until_phase('idle')
    stage.state('award')


def test_a_newer_agent_brings_its_page(stage):
    stage.open()
    stage.browser.run('window.isOldPage = true')
    stage.probe.tell(status={'version': 'newer'})
    stage.browser.until('a new page', lambda: stage.browser.run('return window.isOldPage') is None)
    stage.browser.until_phase('idle')


def test_each_outcome_has_its_sound(stage):
    stage.open()
    same(stage.browser.run('return window.tones'), [])
    tunes = {}
    for name in (
        'award',
        'card full',
        'refused',
        'not recorded',
        'waiting for member',
        'idle',
        'concealed',
    ):
        stage.browser.run('window.tones.length = 0')
        stage.state(name)
        tunes[name] = stage.browser.run('return window.tones')
    assert (
        tunes['award'] and tunes['card full'] and tunes['refused'] and tunes['waiting for member']
    )
    assert tunes['award'] != tunes['refused'] and tunes['award'] != tunes['waiting for member']
    same(tunes['refused'], tunes['not recorded'])
    same((tunes['idle'], tunes['concealed']), ([], []))


def test_no_sound_is_no_harm(stage):
    stage.open()
    stage.browser.run('window.AudioContext = undefined')
    stage.state('award')
    same(stage.text('big').replace('\n', ''), '集到第 7 章')


def test_a_reload_does_not_play_or_press_again(stage):
    stage.open()
    sale(stage, 'reload/1')
    stage.browser.until_phase('award')
    stage.browser.driver.refresh()
    stage.browser.until_phase('award')
    same(stage.browser.run('return window.tones'), [])
    same(
        stage.browser.run('return document.getElementById("screen").hasAttribute("data-fresh")'),
        False,
    )
    post(stage, '/v1/till/1/cancel', {})


def test_a_real_sale_reaches_the_display(stage):
    stage.open()
    answer = sale(stage, 'real/1', member='00000000000777', amount=70)
    stage.browser.until_phase('award')
    same(stage.text('hello'), '會員您好')
    same(stage.count('.seal'), 1)
    assert answer['entry'] > 0
    assert '00000000000777' not in stage.browser.run('return document.documentElement.outerHTML')
    post(stage, '/v1/till/1/cancel', {})


def test_one_thing_moves_and_nothing_when_unwanted(stage):
    stage.open()
    stage.state('award')
    moving = '''return document.getAnimations().map((one) => one.effect).map(
        (effect) => [effect.target.className, effect.getTiming().duration])'''
    animations = stage.browser.run(moving)
    assert all(
        name == 'seal new' and 180 <= duration <= 260 for name, duration in animations
    ), animations
    style = stage.browser.run(
        '''const style = getComputedStyle(document.querySelector(".seal.new"));
        return [style.animationName, style.animationDuration]'''
    )
    same(style, ['press', '0.24s'])
    stage.browser.driver.execute_cdp_cmd(
        'Emulation.setEmulatedMedia',
        {'features': [{'name': 'prefers-reduced-motion', 'value': 'reduce'}]},
    )
    try:
        stage.state('award')
        same(
            stage.browser.run(
                'return getComputedStyle(document.querySelector(".seal.new")).animationName'
            ),
            'none',
        )
        same(stage.browser.run('return document.getAnimations().length'), 0)
        assert '共 412 點' in stage.text('points')
    finally:
        stage.browser.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': []})


def test_every_state_fits_every_screen(stage):
    for language in ('zh-Hant', 'en'):
        stage.open(f'/?lang={language}')
        for width, height in SIZES:
            stage.browser.resize(width, height)
            for name in STATES:
                stage.state(name)
                assert_fits(stage, f'{language} {width}x{height} {name}')
                keep(stage, f'{name}-{language}-{width}'.replace(' ', '-'))
    stage.browser.resize(1280, 720)


def test_screens_look_alike(stage):
    stage.open()
    shapes = []
    for width, height in [(1024, 576), (1280, 720), (1920, 1080)]:
        stage.browser.resize(width, height)
        stage.state('award')
        settle(stage)
        shapes.append(
            stage.browser.run(
                '''const shapes = document.querySelectorAll(".card, .seal, .slot, #big")
            return [...shapes].map((element) => {
            const box = element.getBoundingClientRect()
            return [box.left, box.top, box.width].map((length) => length / innerWidth)})'''
            )
        )
    stage.browser.resize(1280, 720)
    for shape in shapes[1:]:
        assert len(shape) == len(shapes[0])
        for box, first in zip(shape, shapes[0]):
            assert all(abs(a - b) < 0.012 for a, b in zip(box, first)), (box, first)


def test_every_text_is_readable(stage):
    for path in ('/', '/cashier'):
        stage.open(path)
        stage.probe.tell(
            status={
                'pendingCount': 3,
                'oldestAgeSeconds': 60,
                'advice': [{'code': 'disk-low', 'text': ''}],
            }
        )
        for name in STATES:
            stage.state(name)
            for text, ratio in stage.browser.run(CONTRAST):
                assert ratio >= 4.5, f'{path} {name}: {text!r} has {ratio:.2f}'


def test_every_target_is_large_enough_for_a_finger(stage):
    for path in ('/', '/cashier'):
        stage.open(path)
        for width, height in SIZES:
            stage.browser.resize(width, height)
            sizes = stage.browser.run(TARGETS)
            assert sizes
            assert all(w >= 48 and h >= 48 for _, w, h in sizes), (path, width, sizes)
    stage.browser.resize(1280, 720)


# Rewards, chosen and redeemed


def test_a_tap_chooses_a_reward_and_a_second_tap_drops_it(stage):
    attach(stage, points=10)
    same(
        stage.text('offers').split('\n'),
        ['手工餅乾', '4 點', '折 20 元', '3 點', '點數折抵', '最多用 10 點'],
    )
    same(pressed(stage), [])
    tap(stage, 'cookie')
    stage.browser.until('the choice', lambda: pressed(stage) == ['cookie'])
    same(stage.text('big').replace('\n', ''), '請店員交付獎勵')
    assert '手工餅乾' in stage.text('text')
    same(stage.text('recorded'), '')
    same(get(stage, f'/v1/members/{stage.member}')['points'], 10)
    tap(stage, 'cookie')
    stage.browser.until('no choice', lambda: pressed(stage) == [])
    same(stage.text('big').replace('\n', ''), '請掃發票或輸入金額')
    assert stage.member not in stage.browser.run('return document.documentElement.outerHTML')


def test_what_is_chosen_leaves_less_for_the_rest(stage):
    attach(stage, points=6)
    tap(stage, 'cookie')
    stage.browser.until('two offers', lambda: stage.count('.offer') == 2)
    assert '最多用 2 點' in stage.text('offers')


def test_points_are_chosen_by_steps_to_what_fits(stage):
    attach(stage, points=412)
    tap(stage, 'pay')
    stage.browser.until('all', lambda: pressed(stage) == ['pay'])
    assert '用 412 點' in stage.text('offers')
    same(stage.count('.step'), 2)
    for shown in ('用 400 點', '用 300 點'):
        step(stage, 0)
        stage.browser.until(shown, lambda: shown in stage.text('offers'))
    for shown in ('用 400 點', '用 412 點'):
        step(stage, 1)
        stage.browser.until(shown, lambda: shown in stage.text('offers'))
    step(stage, 0)
    stage.browser.until('400', lambda: '用 400 點' in stage.text('offers'))
    post(stage, '/v1/till/1/amount', {'amount': 500})
    stage.browser.until('the bill', lambda: stage.text('big').replace('\n', '') == '還要付 $100')
    assert '點數折抵' in stage.text('text')
    assert '用 400 點折抵 $400' in stage.text('why'), stage.text('why')
    assert stage.text('recorded').startswith('已記錄')
    same(stage.count('.offer'), 0)


def test_suggested_points_are_round(stage):
    stage.open()
    steps = '''const done = arguments[1]
        import('/assets/rewards.js').then((it) => done(it.suggestions(arguments[0])))'''
    for most, expected in (
        (1, [1]),
        (9, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (35, [10, 20, 30, 35]),
        (100, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        (412, [100, 200, 300, 400, 412]),
    ):
        same(stage.browser.driver.execute_async_script(steps, most), expected)


def test_a_sheet_chooses_and_another_hands_over(stage):
    attach(stage, points=10)
    stage.probe.tell(scan=SHEETS['cookie'])
    stage.probe.tell(scan=SHEETS['cookie'])
    stage.browser.until('two', lambda: '2 份，8 點' in stage.text('offers'))
    stage.probe.tell(scan=SHEETS['redeem'])
    stage.browser.until('it', lambda: stage.text('big').replace('\n', '') == '兌換完成')
    same(stage.text('text').replace('\n', ''), '請向店員領取：手工餅乾 2 份')
    assert stage.text('recorded').startswith('已記錄')
    same(get(stage, f'/v1/members/{stage.member}')['points'], 2)


def test_a_sheet_without_a_member_says_what_to_do(stage):
    stage.open()
    stage.probe.tell(scan=SHEETS['cookie'])
    stage.browser.until_phase('refused')
    same(stage.text('big').replace('\n', ''), '請先掃會員條碼')


def test_each_reward_that_is_left_out_has_its_sentence(stage):
    for language in ('zh-Hant', 'en'):
        stage.open(f'/?lang={language}')
        words = WORDS[language]
        reasons = [key.split('.')[1] for key in words if key.startswith('dropped.')]
        assert len(reasons) >= 8
        title = '手工餅乾' if language == 'zh-Hant' else 'a cookie'
        for reason in reasons + ['never-heard-of']:
            stage.show('award', **{**AWARD, 'dropped': [{'reward': 'cookie', 'reason': reason}]})
            key = f'dropped.{reason}' if f'dropped.{reason}' in words else 'dropped.other'
            same(stage.text('why').split('\n')[0], words[key].replace('{reward}', title))


def test_a_refusal_to_choose_names_the_reward_and_what_is_missing(stage):
    stage.open()
    stage.show('refused', code='reward-unavailable', detail={'reward': 'cookie'})
    assert stage.text('text').startswith('手工餅乾')
    stage.state('chosen, refused')
    same(stage.text('text').replace('\n', ''), '需要 4 點，目前有 1 點')
    same(pressed(stage), ['cookie'])


def test_the_screen_shows_a_few_rewards_and_always_what_is_chosen(stage):
    stage.open()
    many = [{'reward': f'r{number}', 'cost': 1} for number in range(9)]
    stage.show(
        'member-attached', member=member(), offers=many, chosen=[{'reward': 'r8', 'count': 1}]
    )
    shown = stage.browser.run(
        'return [...document.querySelectorAll(".offer")].map((one) => one.dataset.reward)'
    )
    same(shown, ['r0', 'r1', 'r2', 'r8'])
    same(pressed(stage), ['r8'])


def test_the_screen_that_went_dark_shows_no_reward(stage):
    attach(stage, points=10)
    stage.state('concealed')
    same(stage.count('.offer'), 0)


def test_the_cashier_redeems_what_needs_no_bill(stage):
    attach(stage, points=20, path='/cashier')
    stage.browser.until('offers', lambda: stage.count('#rewards-list li') == 3)
    assert stage.browser.run('return document.getElementById("entries-card").hidden')
    tap(stage, 'cookie')
    stage.browser.until('one', lambda: pressed(stage) == ['cookie'])
    stage.browser.run('document.querySelector("#rewards .more").click()')
    stage.browser.until('two', lambda: '2 份，8 點' in stage.text('rewards-list'))
    tap(stage, 'off')
    stage.browser.until('both', lambda: pressed(stage) == ['cookie', 'off'])
    stage.browser.run('document.getElementById("redeem").click()')
    stage.browser.until('it', lambda: stage.text('big') == '兌換完成')
    assert '手工餅乾 2 份' in stage.text('text')
    assert '折 20 元留到結帳時用' in stage.text('text')
    same(pressed(stage), ['off'])
    same(get(stage, f'/v1/members/{stage.member}')['points'], 12)
    press(stage, '1', '00', ZH['cashier.key.ok'])
    stage.browser.until('the bill', lambda: stage.text('big') == '還要付 $80')
    stage.browser.until('entries', lambda: stage.count('#entries-card:not([hidden])') == 1)


def test_the_cashier_keys_how_many_points_pay(stage):
    attach(stage, points=412, path='/cashier')
    stage.browser.until('offers', lambda: stage.count('#rewards-list li') == 3)
    press(stage, '7', '0')
    stage.browser.run('document.querySelector("[data-pays]").click()')
    stage.browser.until('70', lambda: '用 70 點' in stage.text('rewards-list'))
    same(stage.text('amount'), '$0')
    press(stage, '1', '00', ZH['cashier.key.ok'])
    stage.browser.until('the bill', lambda: stage.text('big') == '還要付 $30')


def test_the_cashiers_rewards_fit_every_screen(stage):
    for language in ('zh-Hant', 'en'):
        stage.open(f'/cashier?lang={language}')
        for width, height in SIZES:
            stage.browser.resize(width, height)
            for name in ('offers', 'chosen', 'handed over', 'long offers'):
                stage.state(name)
                assert_fits(stage, f'cashier {language} {width}x{height} {name}')
                keep(stage, f'cashier-{name}-{language}-{width}'.replace(' ', '-'))
            for _, wide, high in stage.browser.run(TARGETS):
                assert wide >= 48 and high >= 48, (width, wide, high)
    stage.browser.resize(1280, 720)


def test_every_offer_is_large_enough_for_a_finger(stage):
    stage.open()
    stage.state('chosen')
    for width, height in SIZES:
        stage.browser.resize(width, height)
        sizes = stage.browser.run(TARGETS)
        assert len(sizes) >= 6
        assert all(wide >= 48 and high >= 48 for _, wide, high in sizes), (width, sizes)
    stage.browser.resize(1280, 720)


# The cashier's page


def test_the_cashier_sees_what_waits_and_what_is_wrong(stage):
    stage.open('/cashier')
    stage.probe.tell(
        status={
            'pendingCount': 132,
            'oldestAgeSeconds': 7260,
            'advice': [
                {'code': 'hq-away', 'text': 'x'},
                {'code': 'never-heard-of', 'text': 'call <b>IT</b>'},
            ],
        }
    )
    stage.browser.until('132 waiting', lambda: stage.text('queue') == '132 筆待傳 · 最早 2 小時前')
    same(stage.text('alarms').split('\n'), [ZH['advice.hq-away'], 'call <b>IT</b>'])
    stage.probe.tell(status={})
    stage.browser.until('all is well', lambda: stage.text('alarms') == ZH['cashier.alarms.none'])
    same(stage.text('queue'), ZH['cashier.queue.empty'])


def test_the_cashier_keys_an_amount(stage):
    stage.open('/cashier')
    press(stage, '2', '1', '5', '00', '⌫', '⌫')
    same(stage.text('amount'), '$215')
    press(stage, ZH['cashier.key.ok'])
    stage.browser.until_phase('waiting-for-member')
    same(stage.text('amount'), '$0')
    assert '$215' in stage.text('text')
    press(stage, ZH['cashier.cancel'])
    stage.browser.until_phase('idle')


def test_the_cashier_takes_an_award_back_with_two_touches(stage):
    stage.open('/cashier')
    entry = sale(stage, f'undo/{stage.probe.number}:a', member='00000000000888')['entry']
    row = f'#entries li[data-entry="{entry}"]'
    stage.browser.until('the entry', lambda: stage.count(row) == 1)
    touch = 'document.querySelector(arguments[0]).click()'
    stage.browser.run(touch, f'{row} button')
    stage.browser.until('the question', lambda: stage.count(f'{row} button.sure') == 1)
    same(get(stage, '/v1/members/00000000000888')['points'], 6)
    stage.browser.run(touch, f'{row} button.sure')
    stage.browser.until('the void', lambda: stage.count(f'{row}.gone') == 1)
    same(get(stage, '/v1/members/00000000000888')['points'], 0)
    assert stage.count('#entries li') <= 5


def test_the_cashier_refunds_the_keyed_amount_with_two_touches(stage):
    stage.open('/cashier')
    key = f'back/{stage.probe.number}:a'
    entry = sale(stage, key, member='00000000000555')['entry']
    row = f'#entries li[data-entry="{entry}"]'
    stage.browser.until('the entry', lambda: stage.count(row) == 1)
    touch = 'document.querySelector(arguments[0]).click()'
    stage.browser.run(touch, f'{row} button.refund')
    stage.browser.until('the advice', lambda: stage.text('message') == ZH['cashier.refund.key'])
    for digit in '100':
        press(stage, digit)
    stage.browser.run(touch, f'{row} button.refund')
    stage.browser.until('the question', lambda: stage.count(f'{row} button.refund.sure') == 1)
    same(get(stage, '/v1/members/00000000000555')['points'], 6)
    stage.browser.run(touch, f'{row} button.refund.sure')
    stage.browser.until('the refund', lambda: stage.count(f'{row} .refunded') == 1)
    same(get(stage, '/v1/members/00000000000555')['points'], 4)
    same(stage.text('amount'), '$0')


def test_the_cashier_page_fits_every_screen(stage):
    for number in range(6):
        sale(stage, f'fit/{number}', member=f'0000000000100{number}', amount=99999)
    for language in ('zh-Hant', 'en'):
        stage.browser.open(stage.probe.url(f'/cashier?lang={language}'))
        stage.browser.until('entries', lambda: stage.count('#entries li') == 5)
        stage.probe.tell(
            status={
                'pendingCount': 1000000,
                'oldestAgeSeconds': 864000,
                'advice': [
                    {'code': 'disk-low', 'text': ''},
                    {'code': 'hq-away', 'text': ''},
                    {'code': 'clock-wrong', 'text': ''},
                    {'code': 'no-scanner', 'text': ''},
                ],
            }
        )
        stage.browser.until('alarms', lambda: stage.count('#alarms li') == 3)
        for width, height in SIZES:
            stage.browser.resize(width, height)
            assert_fits(stage, f'cashier {language} {width}x{height}')
            keep(stage, f'cashier-{language}-{width}')
    stage.browser.resize(1280, 720)
    post(stage, '/v1/till/1/cancel', {})


# What the browser enforces


def test_no_violation_no_error_and_no_foreign_request(stage):
    stage.browser.console()
    stage.browser.requests()
    for path in ('/', '/cashier'):
        stage.open(path)
        stage.state('award')
        same(stage.browser.run('return window.violations'), [])
    same(stage.browser.console(), [])
    requests = stage.browser.requests()
    assert len(requests) > 5
    for url in requests:
        assert url.startswith(stage.probe.url('')), url


def test_the_policy_stops_code_that_is_not_ours(stage):
    stage.open()
    stage.browser.run('''const script = document.createElement("script")
        script.textContent = "window.wasRun = true"
        document.body.append(script)''')
    same(stage.browser.run('return window.wasRun'), None)
    stage.browser.until(
        'a violation', lambda: 'script-src-elem' in stage.browser.run('return window.violations')
    )
    stage.browser.console()


def test_the_page_is_light(stage):
    total = 0
    for path in (
        '/',
        '/assets/page.css',
        '/assets/common.js',
        '/assets/display.js',
        '/assets/icons.js',
        '/assets/rewards.js',
        '/assets/why.js',
        '/assets/sound.js',
        '/assets/words.zh-Hant.json',
        '/assets/icon.svg',
    ):
        total += len(urllib.request.urlopen(stage.probe.url(path)).read())
    assert 0 < total <= 150_000, total


def test_a_page_of_another_origin_can_neither_post_nor_read_nor_frame(stage):
    page = '<!doctype html><title>evil</title>'
    with other_site(page) as origin:
        stage.open()
        before = get(stage, '/v1/entries?limit=100')
        stage.browser.open(origin)
        stage.browser.driver.set_script_timeout(20)
        results = stage.browser.driver.execute_async_script(
            ATTACKS, stage.probe.url(''), arguments_sale()
        )
        for name, result in results.items():
            assert result in ('blocked', 'opaque'), (name, result)
        stage.browser.console()
        same(get(stage, '/v1/entries?limit=100'), before)
        stage.open()
        same(stage.browser.run('return document.getElementById("screen").dataset.phase'), 'idle')


# Helpers


SHEETS = {'cookie': '61000010149', 'redeem': '60000000386'}

TARGETS = '''return [...document.querySelectorAll("button")]
    .filter((one) => one.getClientRects().length > 0)
    .map((one) => [one.textContent, one.offsetWidth, one.offsetHeight])'''


def attach(stage, points, path='/'):
    """Opens a page and lets a new member with so many points come to its till."""
    stage.open(path)
    stage.probe.number += 1
    stage.member = f'{stage.probe.number + 500:014d}'
    earned = {'key': f'earned/{stage.member}', 'member': stage.member, 'till': '2'}
    post(stage, '/v1/sales', {**earned, 'amount': points * 35})
    same(get(stage, f'/v1/members/{stage.member}')['points'], points)
    number = f'4{stage.member}'
    stage.probe.tell(scan=f'{number}{98 - int(number) * 100 % 97:02d}')
    stage.browser.until('offers', lambda: stage.count('.offer') > 0)


def pressed(stage):
    return stage.browser.run(
        '''return [...document.querySelectorAll('.offer[aria-pressed="true"]')]
        .map((one) => one.dataset.reward)'''
    )


def tap(stage, reward):
    stage.browser.run(
        'document.querySelector(`.offer[data-reward="${arguments[0]}"]`).click()', reward
    )


def step(stage, place):
    stage.browser.run('document.querySelectorAll(".step")[arguments[0]].click()', place)


def arguments_sale():
    return json.dumps({'key': 'evil/1', 'member': '00000000000123', 'amount': 215, 'till': '1'})


def post(stage, path, body):
    request = urllib.request.Request(
        stage.probe.url(path),
        data=json.dumps(body).encode(),
        headers={'Content-Type': 'application/json'},
    )
    return json.load(urllib.request.urlopen(request))


def get(stage, path):
    return json.load(urllib.request.urlopen(stage.probe.url(path)))


def sale(stage, key, member='00000000000123', amount=215):
    return post(stage, '/v1/sales', {'key': key, 'member': member, 'amount': amount, 'till': '1'})


def press(stage, *labels):
    for label in labels:
        stage.browser.run(
            '''[...document.querySelectorAll(".keys button")]
            .find((one) => one.textContent === arguments[0]).click()''',
            label,
        )


def keep(stage, name):
    directory = os.environ.get('SCREENSHOTS')
    if directory:
        stage.browser.screenshot(os.path.join(directory, f'{name}.png'))


def assert_fits(stage, where):
    settle(stage)
    problems = stage.browser.run(FITS)
    assert not problems, f'{where}: {problems}'


def settle(stage):
    """Brings what moves to where it ends."""
    stage.browser.run('document.getAnimations().forEach((one) => one.finish())')


class other_site:
    """A page on another port, and so of another origin."""

    def __init__(self, page):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Type', 'text/html')
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return f'http://localhost:{self.server.server_port}/'

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


# What sticks out of the screen or of its place: nothing may.
FITS = '''
const problems = []
const root = document.documentElement
if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) problems.push('scrolls')
const shown = (element) => element.getClientRects().length > 0
const inside = (box, outer, slack) => box.left >= outer.left - slack && box.top >= outer.top - slack
  && box.right <= outer.right + slack && box.bottom <= outer.bottom + slack
const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight }
for (const element of document.querySelectorAll('#screen *')) {
  if (!shown(element) || element.closest('svg') !== null) continue
  if (inside(element.getBoundingClientRect(), screen, 1)) continue
  problems.push('off screen: ' + (element.id || element.className))
}
// The seals are turned, so they may stand out of their places by a little.
const places = [['.slots > *', '.card', 0], ['.say > *', '.say', 1], ['.keys button', '.keys', 1],
  ['.entries li', '.entries', 0], ['#big', '.headline', 2]]
for (const [part, place, slack] of places) {
  for (const element of document.querySelectorAll(part)) {
    const outer = element.closest(place)
    if (!shown(element) || !outer) continue
    const [box, room] = [element.getBoundingClientRect(), outer.getBoundingClientRect()]
    if (!inside(box, room, slack)) problems.push(part + ' out of ' + place)
  }
}
const big = document.getElementById('big')
const isCut = big.tagName === 'H1' && big.scrollWidth > big.clientWidth + 1
if (isCut) problems.push('the sentence is cut')
return problems
'''

# The contrast of each visible text against what lies behind it (WCAG 2.2, 1.4.3).
CONTRAST = '''
const channel = (value) => value <= 10.3 ? value / 255 / 12.92
  : ((value / 255 + .055) / 1.055) ** 2.4
const luminance = ([red, green, blue]) =>
  .2126 * channel(red) + .7152 * channel(green) + .0722 * channel(blue)
const parse = (color) => color.match(/[0-9.]+/g).map(Number)
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const color = parse(getComputedStyle(one).backgroundColor)
    if (color.length === 3 || color[3] === 1) return color
  }
  return [255, 255, 255]
}
const found = []
const walker = document.createTreeWalker(document.getElementById('screen'), NodeFilter.SHOW_TEXT)
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement
  if (!walker.currentNode.data.trim() || element.getClientRects().length === 0) continue
  const text = luminance(parse(getComputedStyle(element).color))
  const ground = luminance(behind(element))
  const ratio = (Math.max(text, ground) + .05) / (Math.min(text, ground) + .05)
  found.push([walker.currentNode.data, ratio])
}
return found
'''

# Everything that a page of another origin can try.
ATTACKS = '''
const [target, sale, done] = [arguments[0], arguments[1], arguments[2]]
const url = (path) => target + path
const attempt = async (path, options) => {
  try {
    const response = await fetch(url(path), options)
    return response.type === 'opaque' ? 'opaque' : 'read ' + response.status
  } catch { return 'blocked' }
}
const stream = (path) => new Promise((resolve) => {
  const source = new EventSource(url(path))
  source.onmessage = source.onopen = () => { source.close(); resolve('read') }
  source.onerror = () => { source.close(); resolve('blocked') }
})
const script = (path) => new Promise((resolve) => {
  const element = document.createElement('script')
  element.src = url(path)
  element.onload = () => resolve('loaded')
  element.onerror = () => resolve('blocked')
  document.body.append(element)
})
const frame = (path) => new Promise((resolve) => {
  const element = document.createElement('iframe')
  element.src = url(path)
  element.onload = () => {
    let inside = 'blocked'
    try { inside = element.contentDocument ? 'read' : 'blocked' } catch {}
    resolve(inside)
  }
  document.body.append(element)
})
const form = () => new Promise((resolve) => {
  const target = document.createElement('iframe')
  target.name = 'sink'
  const element = document.createElement('form')
  element.method = 'post'
  element.enctype = 'text/plain'
  element.action = url('/v1/sales')
  element.target = 'sink'
  const input = document.createElement('input')
  input.name = sale.slice(0, -1) + ',"x":"'
  input.value = '"}'
  element.append(input)
  document.body.append(target, element)
  target.onload = () => resolve('opaque')
  element.submit()
})
const json = { 'Content-Type': 'application/json' }
Promise.all([
  attempt('/v1/sales', { method: 'POST', headers: json, body: sale }),
  attempt('/v1/sales', { method: 'POST', mode: 'no-cors', body: sale }),
  attempt('/v1/till/1/undo', { method: 'POST', mode: 'no-cors', body: '{}' }),
  attempt('/v1/status', {}),
  attempt('/v1/members/00000000000123', {}),
  attempt('/openapi.yaml', {}),
  stream('/v1/events'),
  script('/v1/status'),
  script('/assets/common.js'),
  frame('/'),
  form(),
]).then((results) => done(Object.fromEntries(results.map((result, index) => [index, result]))))
'''


def main():
    program, names = sys.argv[1], sys.argv[2:]
    tests = [
        (name, test)
        for name, test in globals().items()
        if name.startswith('test_') and (not names or any(part in name for part in names))
    ]
    passed, failed = 0, 0
    stage = Stage(program)
    for name, test in tests:
        try:
            stage.probe.tell(status={})
            test(stage)
            passed += 1
            print(f'ok   {name[5:]}'.replace('_', ' '), flush=True)
        except Exception:
            failed += 1
            print(f'FAIL {name[5:]}'.replace('_', ' '), flush=True)
            traceback.print_exc(limit=-3)
            print(
                stage.browser.run('return location.href + document.body.innerText'),
                stage.browser.console(),
            )
            stage.close()
            stage = Stage(program)
    stage.close()
    print(f'{passed} passed, {failed} failed')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
