"""What hints at which tag: endings of files, names of folders, imported packages, and words."""

from __future__ import annotations

EXTENSIONS: dict[str, tuple[str, ...]] = {
    ".py": ("python", "backend"), ".js": ("javascript", "frontend"), ".ts": ("typescript", "frontend"),
    ".tsx": ("typescript", "react", "frontend"), ".jsx": ("javascript", "react", "frontend"), ".vue": ("vue", "frontend"),
    ".go": ("golang", "backend"), ".rs": ("rust", "backend"), ".rb": ("ruby", "backend"), ".php": ("php", "backend"),
    ".java": ("java", "backend"), ".cpp": ("cpp", "systems"), ".c": ("c", "systems"), ".swift": ("swift", "ios"),
    ".kt": ("kotlin", "android"), ".sql": ("database", "sql"), ".html": ("html", "frontend"), ".css": ("css", "frontend"),
    ".scss": ("sass", "frontend"), ".md": ("documentation",), ".json": ("config",), ".yaml": ("config",), ".yml": ("config",),
    ".toml": ("config",), ".sh": ("devops", "scripting"), ".dockerfile": ("docker", "devops"),
}  # fmt: skip
LANGUAGES = frozenset({
    "python", "javascript", "typescript", "vue", "golang", "rust", "ruby", "php", "java", "cpp", "c", "swift", "kotlin",
})  # fmt: skip
"""Tags that name the type of a project."""
FOLDERS: dict[str, str] = {
    "api": "api", "backend": "backend", "frontend": "frontend", "components": "ui", "pages": "ui", "routes": "routing",
    "models": "database", "migrations": "database", "tests": "testing", "docs": "documentation", "scripts": "automation",
    "deploy": "devops", "docker": "docker", "k8s": "kubernetes", "ci": "ci-cd", "auth": "authentication", "admin": "admin",
}  # fmt: skip
SKIPPED = frozenset({"__pycache__", "node_modules", ".git", ".venv", "venv", "env", "build", "dist"})
"""What lies below them is nobody's work."""
IMPORTS: dict[str, str] = {
    "django": "django", "flask": "flask", "fastapi": "fastapi", "pytest": "testing", "sqlalchemy": "sqlalchemy",
    "pandas": "data-science", "numpy": "data-science", "tensorflow": "ml", "torch": "ml", "react": "react", "next": "next",
    "express": "express", "vue": "vue", "angular": "angular", "@angular": "angular", "jest": "jest", "axios": "api",
    "graphql": "graphql", "prisma": "prisma", "@prisma": "prisma", "mongodb": "mongodb", "postgres": "postgres",
}  # fmt: skip
WORDS: dict[str, str] = {
    "authentication": "auth", "authorization": "auth", "jwt": "auth", "oauth": "auth", "login": "auth", "database": "database",
    "migration": "database", "schema": "database", "api": "api", "graphql": "graphql", "websocket": "websockets",
    "cache": "caching", "caching": "caching", "redis": "redis", "queue": "message-queue", "celery": "celery",
    "worker": "background-jobs", "cron": "scheduling", "payment": "payments", "stripe": "payments", "email": "email",
    "notification": "notifications", "upload": "file-upload", "download": "file-download", "search": "search",
    "elasticsearch": "elasticsearch", "monitoring": "monitoring", "logging": "logging", "error": "error-handling",
    "security": "security", "performance": "performance", "optimization": "performance", "refactor": "refactoring",
    "bugfix": "bugfix", "feature": "feature",
}  # fmt: skip
PATTERNS: dict[str, str] = {r"(?-i:REST)|restful|rest[ -]api": "rest-api"}
"""Words that mean something else too: the rest of a sentence is no API."""
