# What it imports is not in our environment, so nothing here can be checked for types:
# mypy: ignore-errors
"""An Open edX of one course around lti-consumer-xblock, run by the Python of its own environment.

The block, its models, views, services and messages are the package's own, untouched. What stands
in here for edx-platform, which is no package, is what the block asks it for: a course, its blocks
and their fields, people with their external ids, who may do what, and a gradebook that notes what
the block publishes. A page of the course differs in one thing: the script that opens the frame at
the block's address is ours, for the block's own needs jQuery.

Argument: a folder for its database. Prints its port, and serves until its standard input ends.
"""

import json
import sys
import threading
import uuid
from pathlib import Path
from socketserver import ThreadingMixIn
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

COURSE = "course-v1:School+BIO2+2026"
# username: name, role in the course, whether of the global staff.
PEOPLE = {
    "amara": ("Amara Okafor", "student", False),
    "bo": ("Bo Lindqvist", "student", False),
    "mirela": ("Mirela Popescu", "instructor", False),
    "root": ("Root of All", "staff", True),
}

settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(sys.argv[1]) / "edx.sqlite3",
            "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
            # As edx-platform has it: what ends in an error leaves nothing behind.
            "ATOMIC_REQUESTS": True,
        }
    },
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "rest_framework",
        "django_filters",
        "lti_consumer",
    ],
    MIDDLEWARE=[
        "edx_django_utils.cache.middleware.RequestCacheMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "edx_django_utils.cache.middleware.TieredCacheMiddleware",
        "crum.CurrentRequestUserMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
    OPENEDX_TELEMETRY=[],
    # What the package asks of an LMS. Tests set its address.
    PLATFORM_NAME="School",
    LMS_ROOT_URL="",
    SERVICE_VARIANT="lms",
    USAGE_ID_PATTERN=r"(?P<usage_id>[^/]+)",
    # The package says it needs these: the answer to deep linking is posted from another site.
    SESSION_COOKIE_SAMESITE="None",
    SESSION_COOKIE_SECURE=True,
)


def provide(name: str, **members: object) -> None:
    """Stand in for a module of edx-platform, and for those above it."""
    path = name.split(".")
    for end in range(1, len(path) + 1):
        above = ".".join(path[:end])
        module = sys.modules.setdefault(above, ModuleType(above))
    vars(module).update(members)


django.setup()

# After Django is set up.
from crum import get_current_user  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key  # noqa: E402
from django.contrib.auth import get_user_model, login  # noqa: E402
from django.contrib.auth.base_user import AbstractBaseUser  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from lti_consumer.models import (  # noqa: E402
    Lti1p3Passport,
    LtiAgsLineItem,
    LtiAgsScore,
    LtiDlContentItem,
)
from opaque_keys.edx.keys import CourseKey, UsageKey  # noqa: E402
from web_fragments.fragment import Fragment  # noqa: E402
from xblock.core import XBlock, XBlockMixin  # noqa: E402
from xblock.fields import Boolean, Date, Scope, ScopeIds, Timedelta  # noqa: E402
from xblock.reference.user_service import UserService, XBlockUser  # noqa: E402
from xblock.runtime import DictKeyValueStore, KvsFieldData, Runtime  # noqa: E402

COURSE_KEY = CourseKey.from_string(COURSE)
COURSE_BLOCK = SimpleNamespace(
    display_name_with_default="Biostatistics 2",
    display_org_with_default="School",
    lti_passports=[],
)
STORED = KvsFieldData(DictKeyValueStore())  # fields of blocks, and each person's state of them
GRADEBOOK = []  # what blocks published, in order


class Profile(models.Model):  # noqa: DJ008 - never shown
    """Beside a user, as in edx-platform: the list of members asks for it."""

    user = models.OneToOneField("auth.User", models.CASCADE, related_name="profile")

    class Meta:
        app_label = "auth"


class ExternalIdOf(NamedTuple):
    """One of them."""

    external_user_id: str
    user: AbstractBaseUser


class Inherited(XBlockMixin):
    """What every block of a course has from the sections above it."""

    start = Date(scope=Scope.settings, default=None)
    due = Date(scope=Scope.settings, default=None)
    graceperiod = Timedelta(scope=Scope.settings, default=None)
    graded = Boolean(scope=Scope.settings, default=True)


class ExternalId:
    """The ids by which tools know people: one of a person for all tools of a kind."""

    class DoesNotExist(Exception):  # noqa: N818 - its name there
        """Nobody has this id."""

    objects = None  # itself, below

    @classmethod
    def get(cls, *, external_user_id: str, external_id_type__name: str) -> ExternalIdOf:
        assert external_id_type__name == "lti"
        for user in get_user_model().objects.all():
            if external_id(user) == external_user_id:
                return ExternalIdOf(external_user_id, user)
        raise cls.DoesNotExist

    @classmethod
    def batch_get_or_create_user_ids(
        cls, users: list[AbstractBaseUser], external_id_type: str
    ) -> dict[int, ExternalIdOf]:
        assert external_id_type == "lti"
        return {user.id: ExternalIdOf(external_id(user), user) for user in users}


ExternalId.objects = ExternalId


def external_id(user: AbstractBaseUser) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, user.username))


def role_of(user: AbstractBaseUser) -> str:
    return PEOPLE[user.username][1]


def is_staff(user: AbstractBaseUser, _course_key: CourseKey) -> bool:
    return user.is_authenticated and role_of(user) != "student"


def is_signed_in(*args: object, **_more: object) -> bool:
    return any(getattr(each, "is_authenticated", False) for each in args)


class People(UserService):
    def get_current_user(self) -> XBlockUser:
        user = get_current_user()
        if user is None or not user.is_authenticated:
            return XBlockUser(is_current_user=True)
        told = XBlockUser(True, [user.email], PEOPLE[user.username][0])  # noqa: FBT003 - its signature
        told.opt_attrs = {
            "edx-platform.is_authenticated": True,
            "edx-platform.user_id": user.id,
            "edx-platform.username": user.username,
            "edx-platform.user_role": role_of(user),
            "edx-platform.user_is_staff": PEOPLE[user.username][2],
        }
        return told

    def get_external_user_id(self, kind: str) -> str:
        assert kind == "lti"
        return external_id(get_current_user())


class Rebinding:
    def rebind_noauth_module_to_user(self, block: XBlock, user: AbstractBaseUser) -> None:
        block.scope_ids = block.scope_ids._replace(user_id=user.id)


class Course(Runtime):
    """Runs the blocks of the course."""

    def __init__(self) -> None:
        services = {"user": People(), "rebind_user": Rebinding(), "field-data": STORED}
        super().__init__(None, None, mixins=(Inherited,), services=services)

    def block(self, location: UsageKey, user_id: int | None = None) -> XBlock:
        ids = ScopeIds(user_id, "lti_consumer", location, location)
        return self.construct_xblock("lti_consumer", ids)

    def get_item(self, location: UsageKey) -> XBlock:
        return self.block(location)

    def publish(self, block: XBlock, event_type: str, event_data: dict[str, Any]) -> None:
        GRADEBOOK.append(
            {"block": str(block.scope_ids.usage_id), "event": event_type, **event_data}
        )

    def handler_url(self, block: XBlock, handler_name: str, *_more: object) -> str:
        return f"/handlers/{block.scope_ids.usage_id}/{handler_name}"

    def resource_url(self, resource: str) -> str:
        return resource

    def local_resource_url(self, _block: XBlock, uri: str) -> str:
        return uri


course = Course()


def bind(*, block: XBlock, user: AbstractBaseUser, **_more: object) -> None:
    block.scope_ids = block.scope_ids._replace(user_id=user.id)


def members(_course_key: CourseKey) -> dict[int, dict[str, Any]]:
    return {
        user.id: {
            "id": user.id,
            "username": user.username,
            "email": user.email,
            "name": PEOPLE[user.username][0],
            "roles": [role_of(user)],
        }
        for user in get_user_model().objects.all()
    }


class OverEnrollmentLimitException(Exception):  # noqa: N818 - its name there
    """Too many take the course to tell their names."""


provide("xmodule.modulestore.django", modulestore=lambda: course)
provide("openedx.core.djangoapps.xblock", api=None)
provide("openedx.core.djangoapps.external_user_ids.models", ExternalId=ExternalId)
provide("openedx.core.lib.courses", get_course_by_id=lambda _key: COURSE_BLOCK)
provide("lms.djangoapps.courseware.block_render", get_block_for_descriptor=bind)
provide("lms.djangoapps.courseware.access", has_access=is_signed_in)
provide("lms.djangoapps.courseware.courses", check_course_access=is_signed_in)
provide("lms.djangoapps.course_api.api", get_course_members=members)
provide(
    "lms.djangoapps.course_api.exceptions",
    OverEnrollmentLimitException=OverEnrollmentLimitException,
)
provide("common.djangoapps.student.auth", has_studio_write_access=is_staff)


def location_of(name: str) -> UsageKey:
    return UsageKey.from_string(f"block-v1:School+BIO2+2026+type@lti_consumer+block@{name}")


def sign_in(request: HttpRequest, username: str) -> HttpResponse:
    login(request, get_user_model().objects.get(username=username))
    return redirect(request.GET["next"])


def page(title: str, fragment: Fragment, script: str = "") -> HttpResponse:
    return HttpResponse(
        f'<!doctype html><html lang="en"><head><title>{title}</title>'
        f"<style>iframe {{ width: 100%; height: 100%; }}</style></head>"
        f"<body><h1>{title}</h1>{fragment.content}<script>{script}</script></body></html>"
    )


OPEN_FRAMES = """
for (const place of document.querySelectorAll("#lti-iframe-container"))
  place.querySelector("iframe").src = place.dataset.target;
"""


def show_in_course(request: HttpRequest, name: str) -> HttpResponse:
    block = course.block(location_of(name), request.user.id)
    return page("Course", course.render(block, "student_view"), OPEN_FRAMES)


def show_in_studio(request: HttpRequest, name: str) -> HttpResponse:
    block = course.block(location_of(name), request.user.id)
    return page("Studio", course.render(block, "author_view"))


def new_key() -> dict[str, str]:
    """Make a passport's key. The package's own way takes seconds."""
    key = generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return {
        "lti_1p3_internal_private_key": key.decode(),
        "lti_1p3_internal_private_key_id": str(uuid.uuid4()),
        "lti_1p3_internal_public_jwk": "",
    }


@csrf_exempt
def change_key(_request: HttpRequest, name: str) -> HttpResponse:
    passports = Lti1p3Passport.objects.filter(lticonfiguration__location=location_of(name))
    return JsonResponse({"changed": passports.update(**new_key())})


@csrf_exempt
def remove_person(_request: HttpRequest, username: str) -> HttpResponse:
    return JsonResponse({"removed": get_user_model().objects.filter(username=username).delete()})


@csrf_exempt
def author(request: HttpRequest, name: str) -> HttpResponse:
    """What a test says of a block, an author types into its form, field by field."""
    said = json.loads(request.body)
    settings.LMS_ROOT_URL = said.pop("lms")
    block = course.block(location_of(name))
    if not block.lti_1p3_passport_id:
        passport = Lti1p3Passport.objects.create(**new_key())
        block.lti_1p3_passport_id = str(passport.passport_id)
    for field, value in said.items():
        setattr(block, field, block.fields[field].from_json(value))
    block.save()
    return JsonResponse({"location": str(location_of(name))})


def kept(_request: HttpRequest) -> HttpResponse:
    """What the package has stored, and the gradebook."""
    rows = {
        "content_items": LtiDlContentItem.objects.order_by("id"),
        "line_items": LtiAgsLineItem.objects.order_by("id"),
        "scores": LtiAgsScore.objects.order_by("id"),
    }
    told = {name: list(query.values()) for name, query in rows.items()}
    people = {user.username: external_id(user) for user in get_user_model().objects.all()}
    ids = {user.id: user.username for user in get_user_model().objects.all()}
    book = [{**grade, "user_id": ids[grade["user_id"]]} for grade in GRADEBOOK]
    return JsonResponse(
        {**told, "people": people, "gradebook": book}, json_dumps_params={"default": str}
    )


urlpatterns = [
    path("api/", include("lti_consumer.plugin.urls", namespace="lti_consumer")),
    path("sign-in/<username>", sign_in),
    path("course/<name>", show_in_course),
    path("studio/<name>", show_in_studio),
    path("test/author/<name>", author),
    path("test/change-key/<name>", change_key),
    path("test/remove/<username>", remove_person),
    path("test/kept", kept),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        pass


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Profile)
    for username in PEOPLE:
        email = f"{username}@school.example"
        Profile.objects.create(user=get_user_model().objects.create(username=username, email=email))
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)  # noqa: T201 - to whom started it
    sys.stdin.read()
