"""What the rules of our own pack are called in both languages. A rule's file has the English title, as every Sigma rule; here is the other.

A title that is not here, because the rule is somebody else's, is shown as it is written.
"""

from __future__ import annotations

from hikeshi.text import Text

_TABLE = """
AWS found this key in public | このキーの公開を AWS が検知
Access key made for somebody else | 他人のアクセスキーを作成
Access key of the root user | ルートユーザーのアクセスキーを使用
Access to models asked for | モデルの利用を申請
Account leaves its organization | アカウントが組織を離脱
Account or region falls silent | アカウントまたはリージョンの記録が途絶
Account uses a service for the first time | アカウントで初めて使われたサービス
Administrator rights attached | 管理者権限を付与
Alarms or rules switched off | アラームまたはルールを無効化
Backups destroyed | バックアップを破壊
Boundary of rights removed | アクセス許可の境界を解除
Bucket copied elsewhere by itself | バケットを外部へ自動複製
Bucket opened to everybody or another account | バケットを全員または別アカウントに公開
Bucket set to delete its objects within days | 数日でオブジェクトを消すようバケットを設定
Call that is hardly ever made | めったにない呼び出し
Caller looks around in the account | 呼び出し元がアカウント内を探索
Caller names an attack tool | 呼び出し元が攻撃ツールを名乗る
Caller that always spoke falls silent | 常に活動していた呼び出し元の活動が途絶
Code of a function replaced | 関数のコードを差し替え
Command sent to a machine | マシンへコマンドを送信
Console password set for a user | ユーザーのコンソールパスワードを設定
Console sign-in without a second factor | 多要素認証なしのコンソールサインイン
Credentials of a machine used from two addresses | マシンの認証情報を 2 つのアドレスから使用
Database copy shared with another account | データベースの複製を別アカウントと共有
Detection switched off | 検知を無効化
Disk or image shared with another account | ディスクまたはイメージを別アカウントと共有
Encryption key destroyed or disabled | 暗号鍵を破棄または無効化
Federation token from a user key | ユーザーのキーからフェデレーショントークンを発行
Function opened to others | 関数を外部に公開
Guard against public buckets removed | バケット公開の防止設定を解除
Inline policy that allows everything | すべてを許可するインラインポリシー
Instance role asks who it is | インスタンスのロールが自分の身元を照会
Key used from many addresses | 多数のアドレスからキーを使用
Known caller in a new region | 既知の呼び出し元が新しいリージョンで活動
Layer put under a function | 関数にレイヤーを追加
Limits of sending mail asked for | メール送信の上限を照会
Linux host falls silent | Linux ホストの記録が途絶
Logs deleted | ログを削除
Machine for mining asked for | 採掘向けのマシンを要求
Machine looks around in the account | マシンがアカウント内を探索
Many calls denied | 多数の呼び出しを拒否
Many disk copies deleted | 多数のディスクの複製を削除
Many machines in one call | 1 回の呼び出しで多数のマシンを起動
Many objects copied over themselves | 多数のオブジェクトを自身に上書きコピー
Many objects deleted | 多数のオブジェクトを削除
Many objects read | 多数のオブジェクトを読み取り
Many parameters decrypted | 多数のパラメータを復号
Many secrets in one call | 1 回の呼び出しで多数のシークレットを取得
Many secrets read | 多数のシークレットを読み取り
Models called again and again | モデルを繰り返し呼び出し
Network or DNS logs deleted | ネットワークまたは DNS のログを削除
Object written with a key that only the caller has | 呼び出し元だけが持つ鍵でオブジェクトを書き込み
Old versions no longer kept | 旧バージョンの保持を停止
Password of a Windows machine read | Windows マシンのパスワードを読み取り
Passwords of many machines read | 多数のマシンのパスワードを読み取り
Policy replaced by another version | ポリシーを別のバージョンに切り替え
Port opened to everybody | ポートを全員に開放
Role made that an account may take | 別アカウントが引き受けられるロールを作成
Role opened to another identity | ロールを別の主体に開放
SSH key pushed to a machine | マシンへ SSH 鍵を送り込み
SSH keys pushed to several machines | 複数のマシンへ SSH 鍵を送り込み
Second factor removed | 多要素認証を解除
Shell on a machine opened | マシンのシェルを開始
Shells on several machines | 複数のマシンでシェルを開始
Sign-in from elsewhere set up | 外部からのサインインを設定
Sign-ins failed again and again | サインインが繰り返し失敗
Start script of a machine changed | マシンの起動スクリプトを変更
Start script of a notebook changed | ノートブックの起動スクリプトを変更
Start scripts of many machines read | 多数のマシンの起動スクリプトを読み取り
Trail sees less | 証跡の記録範囲を縮小
Trail stopped or deleted | 証跡を停止または削除
User gives itself rights | ユーザーが自分に権限を付与
User made | ユーザーを作成
Windows computer falls silent | Windows コンピューターの記録が途絶
"""

TITLES: dict[str, Text] = {
    en: Text(en, ja) for en, _, ja in (line.partition(" | ") for line in _TABLE.strip().splitlines())
}
"""By the title in English."""


def title(text: str) -> Text:
    """A rule's title in both languages; the same in both where it is not one of ours."""
    return TITLES.get(text) or Text(text, text)
